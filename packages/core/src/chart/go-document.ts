import { asGoReads, hasOldBreaks, needsCare } from "./go-scalars.ts";
import { loadTyped } from "./load-yaml.ts";
import { createGoCheck } from "./yaml-refused-by-go.ts";

export interface GoDocument {
  readonly text: string;
  /** Whether it was looked through for what Helm's reader would refuse. */
  readonly checked: boolean;
}

/**
 * The first document of a stream, written so that our parser reads what Helm's reader (goyaml) does: that reads one document, and does not
 * look at what follows `---` or `...`, or a directive in mid-text. `exact`: the values count, not only whether they can be read.
 */
export function goDocument(stream: string, { exact, refusals }: { exact: boolean; refusals?: string[] | undefined }): GoDocument {
  if (!(exact ? needsCare(stream) : hasOldBreaks(stream))) return { text: firstDocument(stream), checked: false };
  try {
    let verdict: string | undefined;
    const text = asGoReads(stream, firstDocument, (document, listener) => {
      const check = refusals === undefined ? undefined : createGoCheck(document);
      loadTyped(document, (event, state) => {
        check?.listener(event, state);
        listener(event, state);
      });
      verdict = check?.verdict();
    });
    if (verdict !== undefined) refusals?.push(verdict);
    return { text, checked: true };
  } catch {
    // What else is wrong is told by whoever parses it.
    if (hasOldBreaks(stream)) refusals?.push("with its line breaks that are no newlines it is no YAML");
    return { text: firstDocument(stream), checked: hasOldBreaks(stream) };
  }
}

function firstDocument(text: string): string {
  const markers = /^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm;
  for (let match = markers.exec(text); match !== null; match = markers.exec(text)) {
    const before = text.slice(0, match.index);
    if (match[0] === "---" && beforeContent.test(before)) continue;
    return withoutDirective(before);
  }
  return withoutDirective(text);
}

/** Comments, blank lines and directives. */
const beforeContent = /^(?:[ \t]*(?:#.*)?\r?\n|%.*\r?\n)*$/;
const directive = /^%(?:YAML[ \t]+\d{1,9}\.\d{1,9}|TAG[ \t]+!(?:[\w-]*!)?[ \t]+[\w!%;/?:@&=+$,.~*'()[\]-]+)[ \t]*(?:#.*)?\r?$/gm;
/** A line like that may stand within a quoted text; nobody writes more of them. */
const mostDirectives = 4;

/** The text before a directive that follows the content, where a document ends there. */
function withoutDirective(document: string): string {
  if (!/^%/m.test(document) || canBeParsed(document)) return document;
  for (const { index } of [...document.matchAll(directive)].slice(0, mostDirectives)) {
    const before = document.slice(0, index);
    if (!beforeContent.test(before) && canBeParsed(before)) return before;
  }
  return document;
}

function canBeParsed(document: string): boolean {
  try {
    loadTyped(document);
    return true;
  } catch {
    return false;
  }
}
