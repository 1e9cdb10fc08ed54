import type { HttpRequest } from "@chartferry/core";

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

/** The methods that our client sends, as a library writes them. */
export function methodOf(method: string): HttpRequest["method"] {
  const known = methods.find((each) => each === method);
  if (known === undefined) throw new Error(`no request of the SDK is known with the method ${method}`);
  return known;
}

/** A body that a library gives as text or bytes. */
export function bodyOf(body: unknown): { body?: Uint8Array } {
  if (body === undefined || body === null || body === "") return {};
  if (typeof body === "string") return { body: new TextEncoder().encode(body) };
  if (body instanceof Uint8Array) return { body };
  throw new Error("a request of the SDK has a body that is neither text nor bytes");
}

/** Headers that were there, in the form in which libraries read them. */
export function present(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
}

/** An answer of a control plane or an identity service is not larger. Bytes. */
export const answerLimit = 16 * 1024 * 1024;
