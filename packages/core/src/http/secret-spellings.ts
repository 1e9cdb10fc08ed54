/** A secret as it may stand in what a server says: as it is, and as it stands in JSON, a url, a form, HTML, and Base64 without its padding. */
export function spellings(secret: string): readonly string[] {
  return [...new Set([secret, ...inJson(secret), ...inUrl(secret), ...inHtml(secret), secret.replace(/=+$/, "")])];
}

/** Base64 of a text, in both alphabets. */
export function inBase64(text: string): readonly string[] {
  const usual = Buffer.from(text, "utf8").toString("base64");
  return [usual, usual.replaceAll("+", "-").replaceAll("/", "_")];
}

/** Plainly; as PHP escapes `/`, as Go escapes what means something in HTML, and as Python escapes what is not ASCII. */
function inJson(secret: string): readonly string[] {
  const plain = JSON.stringify(secret).slice(1, -1);
  const ascii = plain.replace(/[^\p{ASCII}]/gu, (character) => unitsOf(character).map(unicodeEscape).join(""));
  return [plain, ascii].flatMap((text) => [text, text.replaceAll("/", "\\/"), text.replace(/[<>&]/g, unicodeEscape)]);
}

function unitsOf(character: string): readonly string[] {
  return character.split("");
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
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
