import {
  type AdapterContext,
  type CallOptions,
  errorFromAnswer,
  type ErrorView,
  type HttpAnswer,
  pageBytes,
  type RegistryAdapter,
} from "@chartferry/core";

import { parseVendorJson, textOf } from "./vendor-json.ts";

export interface VendorCall {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly url: URL;
  /** For messages: `create project`. */
  readonly operation: string;
  readonly repository?: string;
  readonly authorization?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
  /** What is no failure. Default: 200. */
  readonly expected?: readonly number[];
  /** `text`: what a success says in its body is not read. Default: `json`. */
  readonly answers?: "json" | "text";
  readonly mapError?: ((view: ErrorView) => ReturnType<NonNullable<RegistryAdapter["mapError"]>>) | undefined;
}

export interface VendorAnswer {
  readonly status: number;
  readonly headers: HttpAnswer["headers"];
  /** Of a success; `undefined` = it has no body. */
  readonly json: unknown;
}

/** One call of a registry's own API. @throws what an unexpected status stands for; protocol-violation where the answer is no JSON */
export async function callVendor(context: AdapterContext, call: VendorCall, options: CallOptions = {}): Promise<VendorAnswer> {
  const { method, url, operation, repository, authorization, expected = [200], answers = "json" } = call;
  const { type, body } = bodyOf(call);
  const answer = await context.http.call({
    method,
    url,
    operation,
    repository,
    authorization,
    headers: { accept: "application/json", ...call.headers, ...(type === undefined ? {} : { "content-type": type }) },
    ...(body === undefined ? {} : { body: new TextEncoder().encode(body) }),
    ...options,
  });
  if (!expected.includes(answer.status))
    throw await errorFromAnswer(answer, { operation, registry: context.registry, repository, mapError: call.mapError });
  const bytes = await answer.bytes(pageBytes);
  // A page of whatever stands before the API may come with a 404.
  const hasJson = bytes.byteLength > 0 && answer.status < 300 && answers === "json";
  const json = !hasJson ? undefined : parseVendorJson(bytes, { operation, registry: context.registry });
  return { status: answer.status, headers: answer.headers, json };
}

function bodyOf({ json, form }: VendorCall): { readonly type?: string; readonly body?: string } {
  if (form !== undefined) return { type: "application/x-www-form-urlencoded", body: new URLSearchParams(form).toString() };
  return json === undefined ? {} : { type: "application/json", body: JSON.stringify(json) };
}

/** The named text of each member of a list. */
export function textsIn(list: unknown, name: string): string[] {
  return Array.isArray(list) ? list.flatMap((each: unknown) => textOf(each, name) ?? []) : [];
}
