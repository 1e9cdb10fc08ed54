import {
  type CallOptions,
  ChartferryError,
  errorFromAnswer,
  type HttpAnswer,
  pageBytes,
  type VendorClient,
  type VendorRequest,
} from "@chartferry/core";

/** One question to a vendor's own service beside the registry. */
export interface VendorQuestion extends CallOptions {
  readonly url: URL;
  readonly operation: string;
  /** For messages. */
  readonly registry: string;
  readonly authorization?: string | undefined;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes it a POST. */
  readonly form?: unknown;
}

/** The answer to a question; `undefined` = 404. @throws what any other refusal stands for */
export async function askVendor(http: Pick<VendorClient, "call">, question: VendorQuestion): Promise<HttpAnswer | undefined> {
  const { operation, registry } = question;
  const answer = await http.call(requestOf(question));
  if (answer.status === 200) return answer;
  if (answer.status !== 404) throw await errorFromAnswer(answer, { operation, registry, asksToken: true });
  await answer.dump();
  return undefined;
}

function requestOf({ url, operation, authorization, headers = {}, form, signal }: VendorQuestion): VendorRequest {
  const common = { url, operation, authorization, wholeBytes: pageBytes, signal };
  const accept = { accept: "application/json", ...headers };
  if (form === undefined) return { ...common, method: "GET", headers: accept };
  const body = new TextEncoder().encode(JSON.stringify(form));
  return { ...common, method: "POST", headers: { ...accept, "content-type": "application/json" }, body };
}

/** A member of what a service answers, whatever that is. */
export function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const found: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
  return found;
}

export function textOf(value: unknown, name: string): string | undefined {
  const text = memberOf(value, name);
  return typeof text === "string" ? text : undefined;
}

/** @throws protocol-violation */
export function parseVendorJson(bytes: Uint8Array, { operation, registry }: Pick<VendorQuestion, "operation" | "registry">): unknown {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return parsed;
  } catch (cause) {
    throw new ChartferryError("the answer is not JSON", { code: "protocol-violation", operation, registry, cause });
  }
}
