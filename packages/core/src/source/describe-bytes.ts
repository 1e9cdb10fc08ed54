import { shown } from "../shown-text.ts";

export interface BytesDescription {
  readonly kind: "empty" | "gzip" | "html" | "xml" | "git-lfs" | "json" | "text" | "binary";
  /** With an article, for the middle of a sentence: `an HTML page titled "Sign in"`. */
  readonly words: string;
}

/** What received bytes look like, judged by their first few hundred: for messages, never for trust. */
export function describeBytes(head: Uint8Array): BytesDescription {
  if (head.byteLength === 0) return { kind: "empty", words: "an empty file" };
  if (isGzip(head)) return { kind: "gzip", words: "gzip data" };
  const text = Buffer.from(head.subarray(0, 4096))
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .trimStart();
  if (text.startsWith("<")) return describeMarkup(text);
  if (text.startsWith("version https://git-lfs.github.com/"))
    return { kind: "git-lfs", words: "a Git LFS pointer, not the file it stands for" };
  if (text.includes("\u0000")) return { kind: "binary", words: "binary data" };
  if (text.startsWith("{") || text.startsWith("[")) return { kind: "json", words: "JSON text" };
  if (text === "") return { kind: "empty", words: "a blank file" };
  return { kind: "text", words: "plain text" };
}

/** Source: RFC 1952 section 2.3.1. */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

function describeMarkup(text: string): BytesDescription {
  if (!/<(?:html|!doctype html|head|body)/i.test(text.slice(0, 2048))) {
    const code = /<Code>([^<]{1,80})<\/Code>/.exec(text)?.[1];
    return { kind: "xml", words: code === undefined ? "XML" : `XML with the error code ${shown(code)}` };
  }
  const title = /<title[^>]{0,200}>([^<]{1,120})/i.exec(text)?.[1]?.trim();
  return { kind: "html", words: title === undefined || title === "" ? "an HTML page" : `an HTML page titled "${shown(title)}"` };
}
