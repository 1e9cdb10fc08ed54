import type { ErrorView } from "../../adapter/registry-adapter.ts";
import { isChartferryError } from "../../errors.ts";
import { createPieceList } from "../../piece-list.ts";
import { printable } from "../../shown-text.ts";
import type { HttpAnswer } from "../http-client.ts";

/** Characters of what a server says that go into a message. */
const sentenceLimit = 500;
/** An error text beyond this says nothing more. Bytes. */
const textLimit = 64 * 1024;
const errorLimit = 20;

type Scrub = (text: string) => string;

/** Reads a refused answer once, at most 64 KiB of it; secrets of ours that the server says back are masked in all that is read. */
export async function readErrorView(answer: HttpAnswer, operation: string): Promise<ErrorView> {
  const { scrub = (text) => text } = answer;
  const text = new TextDecoder().decode(await readStart(answer));
  return { status: answer.status, headers: answer.headers, text: scrub(text), errors: parseErrors(text, scrub), operation };
}

/** The first bytes; a body that breaks off or stalls is what came of it, for the status alone says enough. */
export async function readStart(answer: HttpAnswer): Promise<Uint8Array> {
  const parts = createPieceList();
  try {
    for await (const chunk of answer.stream()) {
      parts.add(chunk);
      if (parts.size >= textLimit) break;
    }
  } catch (error) {
    if (isChartferryError(error, "aborted")) throw error;
  }
  return parts.join().subarray(0, textLimit);
}

/** `{"errors":[{code,message,detail}]}`; also a lone object with `code` or `message`, as some registries write. */
function parseErrors(text: string, scrub: Scrub): ErrorView["errors"] {
  if (!/^\s*\{/.test(text)) return [];
  let body: unknown;
  try {
    body = JSON.parse(withoutSecretNumbers(text, scrub), (_, value: unknown) => scrubbed(value, scrub));
  } catch {
    return [];
  }
  const list: unknown = field(body, "errors");
  const entries: unknown[] = Array.isArray(list) ? list.slice(0, errorLimit) : [body];
  return entries.flatMap((entry) => readEntry(entry, scrub));
}

/** A password may be a number, which parsing would perhaps round. Strings are matched as well, so that digits in them are left alone. */
function withoutSecretNumbers(text: string, scrub: Scrub): string {
  return text.replace(/"(?:[^"\\]|\\.)*"?|-?\d[\d.eE+-]*/g, (part) => (part.startsWith('"') || scrub(part) === part ? part : '"***"'));
}

/** Masked as they are read: escapes such as `\/` would hide a secret in the text itself. */
function scrubbed(value: unknown, scrub: Scrub): unknown {
  if (typeof value === "string") return scrub(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  return entries.some(([key]) => scrub(key) !== key) ? Object.fromEntries(entries.map(([key, inner]) => [scrub(key), inner])) : value;
}

function readEntry(entry: unknown, scrub: Scrub): ErrorView["errors"] {
  const code = textField(entry, "code") ?? "";
  const message = textField(entry, "message") ?? textField(entry, "details") ?? textField(entry, "error") ?? "";
  if (code === "" && message === "") return [];
  // What cannot be shown is taken out, which may bring together what was kept apart.
  const shown = (said: string, limit: number): string => scrub(printable(said, limit));
  return [{ code: shown(code, 80).toUpperCase(), message: shown(message, sentenceLimit), detail: field(entry, "detail") }];
}

function textField(value: unknown, name: string): string | undefined {
  const text = field(value, name);
  return typeof text === "string" ? text : undefined;
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const found: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
  return found;
}

/** What the server says, for a message: its own error messages, else the visible text of the body; empty when it says nothing. */
export function spokenText(view: ErrorView): string {
  const messages = view.errors.map(({ code, message, detail }) =>
    [message === "" ? code : message, detailText(detail)].filter((part) => part !== "").join(": "),
  );
  const said = [...new Set(messages.filter((message) => message !== ""))].join("; ");
  if (said !== "") return printable(said, sentenceLimit);
  if (/<html|<!doctype|<body/i.test(view.text)) return htmlText(view.text);
  return printable(view.text, 300);
}

function detailText(detail: unknown): string {
  if (typeof detail === "string") return printable(detail, 200);
  if (typeof detail !== "object" || detail === null || Object.keys(detail).length === 0) return "";
  return printable(JSON.stringify(detail), 200);
}

function htmlText(html: string): string {
  const start = html.slice(0, 8192);
  const title = /<title[^>]*>([^<]*)</i.exec(start)?.[1] ?? /<h1[^>]*>([^<]*)</i.exec(start)?.[1] ?? "";
  return printable(title === "" ? "an HTML page" : `an HTML page: ${title}`, 200);
}
