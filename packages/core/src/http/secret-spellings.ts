/** A secret as it may stand in what a server says: as it is, and as it stands in JSON, a url, a form, HTML, and Base64 without its padding. */
export function spellings(secret: string): readonly string[] {
  // One that looks escaped itself is looked for in texts whose escapes are undone.
  return [
    ...new Set([secret, withoutUnicodeEscapes(secret), ...inJson(secret), ...inUrl(secret), ...inHtml(secret), secret.replace(/=+$/, "")]),
  ];
}

/** Base64 of a text, in both alphabets. */
export function inBase64(text: string): readonly string[] {
  const usual = Buffer.from(text, "utf8").toString("base64");
  return [usual, usual.replaceAll("+", "-").replaceAll("/", "_")];
}

/** Plainly, and as PHP escapes `/`. */
function inJson(secret: string): readonly string[] {
  const plain = JSON.stringify(secret).slice(1, -1);
  return [plain, plain.replaceAll("/", "\\/")];
}

/** Every writer of JSON escapes other marks so (Go `&`, Gson `'` and `=`, .NET `+`, Python what is not ASCII), in either case of the digits. */
export function withoutUnicodeEscapes(text: string): string {
  return text.includes("\\u")
    ? text.replace(/\\+u([0-9a-f]{4})/gi, (_escape, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    : text;
}

/** With and without the marks that JavaScript leaves, with `/` kept (Python's `quote`), with `+` for a space (forms), in either case of the digits. */
function inUrl(secret: string): readonly string[] {
  // A lone surrogate, which no url can carry, becomes a replacement character on the way.
  const sendable = Buffer.from(secret, "utf8").toString("utf8");
  const plain = encodeURIComponent(sendable);
  const strict = plain.replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  const field = new URLSearchParams([["", sendable]]).toString().slice(1);
  return [plain, strict, field]
    .flatMap((text) => [text, text.replaceAll("%2F", "/")])
    .flatMap((text) => [text, text.replaceAll("%20", "+")])
    .flatMap((text) => [text, text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}

/** Quotes as nobody, most, Go and Python write them. */
const quotes = [
  ["&quot;", "'"],
  ["&quot;", "&#39;"],
  ["&#34;", "&#39;"],
  ["&quot;", "&#x27;"],
] as const;

function inHtml(secret: string): readonly string[] {
  const plain = secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return quotes.map(([double, single]) => plain.replaceAll('"', double).replaceAll("'", single));
}
