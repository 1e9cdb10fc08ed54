import { type AdapterContext, type CallOptions, ChartferryError, isChartferryError } from "@chartferry/core";

import { askVendor, memberOf, parseVendorJson, textOf } from "../support/vendor-json.ts";
import { googleToken } from "./google.ts";

/** A repository of Artifact Registry, which images lie in. */
export interface GoogleRepository {
  readonly project: string;
  readonly location: string;
  readonly name: string;
}

/** The control plane. Source: discovery document of Artifact Registry, v1. */
const api = "https://artifactregistry.googleapis.com/v1/";
/** Creation takes some seconds. Milliseconds. */
const pollEvery = 1000;
const pollAtMost = 120;
const bytesAtMost = 16 * 1024 * 1024;

export interface GoogleCall extends CallOptions {
  readonly context: AdapterContext;
  readonly operation: string;
  /** Whose credential is used: what this repository is shown. */
  readonly repository?: string;
}

/** Asks for it; an operation that goes on is waited for. `exists` = it was there before. @throws denied, credentials-unavailable, timeout … */
export async function createGoogleRepository(
  { project, location, name }: GoogleRepository,
  wish: Readonly<Record<string, unknown>>,
  call: GoogleCall,
): Promise<"exists" | "created"> {
  const path = `projects/${project}/locations/${location}/repositories?${new URLSearchParams({ repositoryId: name }).toString()}`;
  try {
    await finished(await ask(path, call, wish), call);
    return "created";
  } catch (error) {
    if (isChartferryError(error, "conflict")) return "exists";
    throw error;
  }
}

/** Of each page the texts `name` in the member `list`, whole. */
export async function* listNames(path: string, list: string, call: GoogleCall): AsyncGenerator<unknown, void, undefined> {
  let pageToken: string | undefined;
  do {
    const query = new URLSearchParams({ pageSize: "1000", ...(pageToken === undefined ? {} : { pageToken }) });
    const page = await ask(`${path}?${query.toString()}`, call);
    const found = memberOf(page, list);
    yield* Array.isArray(found) ? found : [];
    pageToken = textOf(page, "nextPageToken");
  } while (pageToken !== undefined && pageToken !== "");
}

async function finished(operation: unknown, call: GoogleCall): Promise<void> {
  let state = operation;
  for (let polls = 0; memberOf(state, "done") !== true; polls++) {
    if (polls >= pollAtMost) throw failed(call, "timeout", "Google has not finished it");
    await call.context.clock.sleep(pollEvery, call.signal);
    state = await ask(textOf(state, "name") ?? textOf(operation, "name") ?? "", call);
  }
  const error = memberOf(state, "error");
  if (error === undefined) return;
  // google.rpc.Code: 6 ALREADY_EXISTS, 7 PERMISSION_DENIED, 8 RESOURCE_EXHAUSTED.
  const code = ({ 6: "conflict", 7: "denied", 8: "quota-exceeded" } as const)[Number(memberOf(error, "code"))] ?? "protocol-violation";
  throw failed(call, code, `Google says: ${textOf(error, "message") ?? "it failed"}`);
}

function failed({ operation, context: { registry } }: GoogleCall, code: ChartferryError["code"], text: string): ChartferryError {
  return new ChartferryError(`${operation}: ${text.slice(0, 500)}`, { code, operation, registry });
}

async function ask(path: string, call: GoogleCall, form?: unknown): Promise<unknown> {
  const { operation, context, signal } = call;
  const { registry } = context;
  const authorization = `Bearer ${await tokenFor(call)}`;
  const url = new URL(path, api);
  const answer = await askVendor(context.http, {
    url,
    operation,
    registry,
    authorization,
    ...(form === undefined ? {} : { form }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (answer === undefined) throw failed(call, "namespace-missing", `there is no such project or location (${url.pathname})`);
  return parseVendorJson(await answer.bytes(bytesAtMost), { operation, registry });
}

/** Whoever signs in at the registry asks the control plane too. */
async function tokenFor({ operation, context, repository }: GoogleCall): Promise<string> {
  const credential = await context.http.credential(repository);
  const pair = credential.kind === "basic" ? credential : undefined;
  if (pair?.username === "oauth2accesstoken") return pair.password;
  const keyed = pair === undefined ? undefined : keyIn(pair);
  const found = await googleToken(context, keyed);
  if (found !== undefined) return found.token;
  throw new ChartferryError(`${operation}: Google wants an access token for that, and there is none`, {
    code: "credentials-unavailable",
    operation,
    registry: context.registry,
    hint: "set GOOGLE_APPLICATION_CREDENTIALS, or run gcloud auth application-default login",
  });
}

/** A key given as a password. Source: Artifact Registry, authentication for Docker. */
function keyIn({ username, password }: { readonly username: string; readonly password: string }): string | undefined {
  if (username === "_json_key") return password;
  return username === "_json_key_base64" ? Buffer.from(password, "base64").toString("utf8") : undefined;
}
