import type { Credential } from "../auth/credential.ts";
import { isPlainParameter } from "./redact.ts";
import { inBase64, spellings, withoutUnicodeEscapes } from "./secret-spellings.ts";

/** What this end must keep to itself, so that a server that says it back does not put it into a message, a report or a log. */
export interface KnownSecrets {
  learn(credential: Credential): void;
  /** Masks in a server's text what is known, and what this request carried. */
  scrubber(request: SentRequest, answered: URL): (text: string) => string;
}

export interface SentRequest {
  readonly url: URL;
  /** Lower-case names, Authorization included. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A shorter password stands in every other sentence; it is masked where it stands beside its user, and as Base64. Characters. */
const shortestPassword = 4;
/** Page numbers and the like are no secrets. Characters. */
const shortestValue = 8;
/** Parameters of a token service's form that tell nothing. */
const plainFields = new Set(["grant_type", "client_id", "service", "scope", "access_type", "tenant"]);

export function createKnownSecrets(): KnownSecrets {
  const learnt = new Set<string>();
  const learntForms = new Set<string>();
  return {
    learn: (credential) => {
      for (const secret of ofCredential(credential)) {
        if (learnt.has(secret)) continue;
        learnt.add(secret);
        for (const form of formsOf(secret)) learntForms.add(form);
      }
    },
    scrubber(request, answered) {
      // Most answers are not scrubbed, and of those that are, some have thousands of texts.
      let forms: readonly string[] | undefined;
      return (text) => {
        if (text.length < shortestPassword) return text;
        forms ??= longestFirst([...learntForms, ...carriedBy(request, answered).flatMap(formsOf)]);
        return masked(text, forms);
      };
    },
  };
}

function carriedBy(request: SentRequest, answered: URL): string[] {
  return [...ofAuthorization(request.headers["authorization"]), ...ofQuery(request.url), ...ofQuery(answered), ...ofForm(request)];
}

function ofCredential(credential: Credential): string[] {
  if (credential.kind === "basic") return ofPair(`${credential.username}:${credential.password}`);
  if (credential.kind === "refresh") return [credential.refreshToken, ...ofPair(`<token>:${credential.refreshToken}`)];
  return credential.kind === "bearer" ? [credential.token] : [];
}

function ofPair(pair: string): string[] {
  const password = pair.slice(pair.indexOf(":") + 1);
  return [pair, ...inBase64(pair), ...inBase64(password), ...(password.length < shortestPassword ? [] : [password])];
}

function ofAuthorization(header: string | undefined): string[] {
  const [, scheme = "", value = ""] = /^(\S+) +(.+)$/.exec(header ?? "") ?? [];
  return scheme.toLowerCase() === "basic" ? [value, ...ofPair(Buffer.from(value, "base64").toString("utf8"))] : [value];
}

/** The values that `redactUrl` masks: a signature or the state of an upload, as written and as read. */
function ofQuery(url: URL): string[] {
  const written = url.search.slice(1).split("&");
  return [...url.searchParams]
    .flatMap(([name, value], place) => (isPlainParameter(name) ? [] : [value, written[place]?.split("=").slice(1).join("=") ?? ""]))
    .filter((value) => value.length >= shortestValue);
}

function ofForm({ headers, body }: SentRequest): string[] {
  if (headers["content-type"] !== "application/x-www-form-urlencoded" || !(body instanceof Uint8Array)) return [];
  return [...new URLSearchParams(new TextDecoder().decode(body))]
    .filter(([name, value]) => !plainFields.has(name) && value.length >= shortestValue)
    .map(([, value]) => value);
}

/** As it may be written; what is too short to be masked is left out. */
function formsOf(secret: string): readonly string[] {
  return spellings(secret).filter((form) => form.length >= shortestPassword);
}

/** A password within its pair must not leave the rest of the pair behind. */
function longestFirst(forms: readonly string[]): readonly string[] {
  return [...new Set(forms)].toSorted((a, b) => b.length - a.length);
}

/** With the escapes of JSON undone where that brings one to light, else as it is written. */
function masked(text: string, forms: readonly string[]): string {
  const mask = (given: string): string =>
    forms.reduce((rest, form) => (form.length > rest.length ? rest : rest.replaceAll(form, "***")), given);
  const plain = withoutUnicodeEscapes(text);
  const uncovered = mask(plain);
  return uncovered === plain && plain !== text ? mask(text) : uncovered;
}
