import { isUtf8 } from "node:buffer";

export interface YamlText {
  readonly text: string;
  /** Why Helm's reader does not take the bytes for text, although something can be read. */
  readonly problem: string | undefined;
}

/** Characters that YAML forbids. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const forbidden = /[\0-\u0008\u000B\u000C\u000E-\u001F\u007F-\u0084\u0086-\u009F\uFFFE\uFFFF]/g;

const halfCharacter = /\p{Surrogate}/u;
const halfCharacters = /\p{Surrogate}/gu;

/** The text of YAML bytes, as goyaml finds it: UTF-8, or UTF-16 where a byte order mark says so. What is no text is replaced. */
export function decodeYaml(data: Buffer): YamlText {
  const littleEndian = data[0] === 0xff && data[1] === 0xfe;
  if (littleEndian || (data[0] === 0xfe && data[1] === 0xff)) return decodeUtf16(data, littleEndian);
  const problem = isUtf8(data) ? undefined : "it is not UTF-8";
  return checked(withoutMark(data.toString("utf8")), problem);
}

function decodeUtf16(data: Buffer, littleEndian: boolean): YamlText {
  const even = Buffer.from(data.subarray(2, data.byteLength - (data.byteLength % 2)));
  const text = (littleEndian ? even : even.swap16()).toString("utf16le");
  const whole = data.byteLength % 2 === 0 && !halfCharacter.test(text);
  return checked(text.replaceAll(halfCharacters, "\u{fffd}"), whole ? undefined : "it is not UTF-16");
}

/** Helm cuts one mark, its YAML reader another one. */
function withoutMark(text: string): string {
  return text.replace(/^\uFEFF{1,2}/, "");
}

function checked(decoded: string, problem: string | undefined): YamlText {
  // Our parser would take one more for no part of the text.
  const text = decoded.startsWith("\uFEFF") ? `\n${decoded}` : decoded;
  if (text.search(forbidden) === -1) return { text, problem };
  return { text: text.replaceAll(forbidden, "\u{fffd}"), problem: problem ?? "it has control characters" };
}
