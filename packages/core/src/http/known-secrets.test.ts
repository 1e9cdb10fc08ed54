import { afterEach, describe, expect, it, vi } from "vitest";

import type { Credential } from "../auth/credential.ts";
import { createHttpClient } from "./create-http-client.ts";
import { errorFromAnswer } from "./answer/error-response.ts";
import type { HttpClient } from "./http-client.ts";
import { createKnownSecrets } from "./known-secrets.ts";
import { manualClock } from "./testing/manual-clock.ts";
import { type SeenRequest, startStubServer } from "./testing/start-stub-server.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const password = 'pa/ss"w&rd';
const pair = `admin:${password}`;
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const basic: Credential = { kind: "basic", username: "admin", password, source: "given" };

type Say = (request: SeenRequest) => { readonly status: number; readonly body: string };

/** A registry that asks for a sign-in as `challenge` says and then answers what `say` says. */
async function registry(challenge: (origin: string) => string, credential: Credential, say: Say): Promise<{ http: HttpClient; url: URL }> {
  const server = await startStubServer((request, response) => {
    if (request.url.startsWith("/token")) {
      const told = JSON.stringify({ details: `you sent ${sent(request)} and ${request.body.toString()}` });
      const refuses = request.url.includes("refuse");
      response.writeHead(refuses ? 401 : 200).end(refuses ? told : '{"token":"issued-token-0815"}');
    } else if (request.headers["authorization"] === undefined) {
      response.writeHead(401, { "www-authenticate": challenge(server.origin.href) }).end();
    } else {
      const { status, body } = say(request);
      response.writeHead(status).end(body);
    }
  });
  const http = createHttpClient({ origin: server.origin, credentials: () => Promise.resolve(credential), clock: manualClock() });
  closers.push(
    () => server.close(),
    () => http.close(),
  );
  return { http, url: new URL("/v2/a/manifests/1", server.origin) };
}

const askBasic = (): string => 'Basic realm="x"';
const askBearer = (origin: string): string => `Bearer realm="${origin}token",service="s"`;
const oci = (said: string, detail?: unknown): string => JSON.stringify({ errors: [{ code: "DENIED", message: said, detail }] });

const sent = ({ headers }: SeenRequest): string => String(headers["authorization"]);
const echoed: Say = (request) => ({ status: 403, body: oci(`header was ${sent(request)}`) });
const fine: Say = () => ({ status: 200, body: "" });
const askRefusing = (origin: string): string => `Bearer realm="${origin}token/refuse"`;

async function message({ http, url }: { http: HttpClient; url: URL }): Promise<string> {
  const error: unknown = await http
    .send({ method: "GET", url, operation: "fetch manifest", scopes: ["repository:a:pull"] })
    .then((answer) => errorFromAnswer(answer, { operation: "fetch manifest" }))
    .catch((thrown: unknown) => thrown);
  return error instanceof Error ? `${error.message} ${JSON.stringify(error)}` : "";
}

describe("a server that says back what this end must keep to itself", () => {
  const encoded = Buffer.from(pair).toString("base64");
  it.each<[string, Say]>([
    ["the header", echoed],
    ["the header, in 400", (request) => ({ status: 400, body: oci(`header was ${sent(request)}`) })],
    ["the header, in 401", (request) => ({ status: 401, body: oci(`header was ${sent(request)}`) })],
    ["the header as text", (request) => ({ status: 403, body: `header was ${sent(request)}` })],
    ["the header in a page", (request) => ({ status: 403, body: `<html><title>${sent(request)}</title></html>` })],
    ["user and password", () => ({ status: 403, body: oci(pair) })],
    ["the password alone", () => ({ status: 403, body: oci(`bad password ${password}!`) })],
    ["the password in a url", () => ({ status: 403, body: oci(`bad form p=${encodeURIComponent(password)}`) })],
    ["the password as JSON within text", () => ({ status: 403, body: `not json {"p":${JSON.stringify(password)}}` })],
    ["the password in a detail", () => ({ status: 403, body: oci("bad", { deep: [{ value: password }] }) })],
    ["the password as a detail's name", () => ({ status: 403, body: oci("bad", { [password]: 1 }) })],
    ["base64 with escaped slashes", () => ({ status: 403, body: oci(encoded).replaceAll("/", "\\/") })],
    ["Base64 of the password alone", () => ({ status: 403, body: oci(`bad ${base64(password)}`) })],
    ["Base64 of the password for urls, unpadded", () => ({ status: 403, body: oci(`bad ${Buffer.from(password).toString("base64url")}`) })],
    ["Base64 of both for urls", () => ({ status: 403, body: oci(`bad ${Buffer.from(pair).toString("base64url")}`) })],
    ["the password as Python quotes it", () => ({ status: 403, body: oci("bad p=pa/ss%22w%26rd") })],
    ["the password in a url with small digits", () => ({ status: 403, body: oci("bad p=pa%2fss%22w%26rd") })],
    ["the password as Go writes JSON", () => ({ status: 403, body: String.raw`{"p":"pa/ss\"w\u0026rd"` })],
    ["the password with its marks escaped in either case", () => ({ status: 403, body: String.raw`not json: pa\u002Fss\u0022w\u0026rd` })],
    ["the password as Go writes HTML", () => ({ status: 403, body: "not HTML: pa/ss&#34;w&amp;rd" })],
  ])("is not repeated: %s", async (_what, say) => {
    const text = await message(await registry(askBasic, basic, say));
    expect(text).toContain("***");
    for (const secret of [
      "pa/ss",
      "pa%2fss",
      "w&rd",
      base64(password).slice(0, 8),
      password,
      JSON.stringify(password).slice(1, -1),
      encodeURIComponent(password),
      encoded,
    ])
      expect(text).not.toContain(secret);
  });

  it("is not repeated: a bearer token, given or issued", async () => {
    const given: Credential = { kind: "bearer", token: "given-token-4711", source: "given" };
    expect(await message(await registry(askBearer, given, echoed))).toContain("header was Bearer ***");
    expect(await message(await registry(askBearer, basic, echoed))).toContain("header was Bearer ***");
  });

  it("is not repeated: what a token service was sent", async () => {
    const withPassword = await message(await registry(askRefusing, basic, fine));
    expect(withPassword).toContain("you sent Basic *** and");
    const refresh: Credential = { kind: "refresh", refreshToken: "refresh-token-0042", source: "given" };
    const withToken = await message(await registry(askRefusing, refresh, fine));
    expect(withToken).toContain("refresh_token=***");
    expect(withToken).not.toContain("0042");
  });

  it("is not repeated: the signature of an address", async () => {
    const { http, url } = await registry(askBasic, basic, ({ url: asked }) => {
      const signature = new URL(asked, "http://x").searchParams.get("X-Amz-Signature");
      return { status: 403, body: oci(`SignatureDoesNotMatch ${signature} in ${asked} for n=10`) };
    });
    const signed = new URL("?n=10&X-Amz-Signature=c2ln%2Fbmf0dXJl", url);
    const text = await message({ http, url: signed });
    expect(text).toContain("SignatureDoesNotMatch *** in");
    expect(text).toContain("X-Amz-Signature=*** for n=10");
  });

  it.each([
    ["as a form field", "two words+(1)!", (text: string) => new URLSearchParams({ p: text }).toString()],
    ["in a url, its marks escaped", "it's(1)!*", () => "p=it%27s%281%29%21%2A"],
    ["as Go writes a form", "two words*", () => "p=two+words%2A"],
    ["as Gson writes JSON within text", "a'b=c<d", () => String.raw`p=a\u0027b\u003dc\u003cd`],
    ["as .NET writes JSON within text", "a+b'c\"d", () => String.raw`p=a\u002Bb\u0027c\u0022d`],
    ["as Python writes JSON", "gr\u00fc\u00dfe", () => String.raw`p=gr\u00fc\u00dfe`],
    ["as Base64, though it is short", "ab", base64],
    ["as Base64 of other letters", "\u00ff\u00fe\u00ff?", (text: string) => Buffer.from(text).toString("base64url")],
  ])("is not repeated: a password %s", async (_how, secret, spell) => {
    const credential: Credential = { kind: "basic", username: "admin", password: secret, source: "given" };
    const text = await message(await registry(askBasic, credential, () => ({ status: 403, body: oci(`bad ${spell(secret)} here`) })));
    expect(text).toMatch(/bad (p=)?\*\*\* here/);
  });

  it("leaves a short password's letters in every other word alone", async () => {
    const short: Credential = { kind: "basic", username: "bob", password: "not", source: "given" };
    const text = await message(await registry(askBasic, short, () => ({ status: 403, body: oci("you may not, bob:not") })));
    expect(text).toContain("you may not, ***");
  });

  it.each([
    ["a detail", { detail: { pin: 12345678 } }],
    ["a list of them", { detail: [1, [12345678]] }],
    ["a message's place", { message: "bad", detail: 12345678 }],
  ])("is not repeated: a password that is a number, in %s", async (_where, entry) => {
    const credential: Credential = { kind: "basic", username: "admin", password: "12345678", source: "given" };
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: "m", ...entry }] });
    const text = await message(await registry(askBasic, credential, () => ({ status: 403, body })));
    expect(text).toContain("answers 403");
    expect(text).not.toContain("12345678");
  });

  it.each([403, 401])("is not repeated: a number of more digits than a number keeps, with %i; digits elsewhere stay", async (status) => {
    const secret = "12345678901234567890";
    const credential: Credential = { kind: "basic", username: "admin", password: secret, source: "given" };
    const body = `{"errors":[{"code":"DENIED","message":"no \\"7\\" of 15","detail":{"n":1.5,"pin":${secret}}}]}`;
    const text = await message(await registry(askBasic, credential, () => ({ status, body })));
    expect(text).toContain('no "7" of 15: {"n":1.5,"pin":"***"}');
  });

  it("is not repeated: a password with what cannot be shown within it", async () => {
    const credential: Credential = { kind: "basic", username: "admin", password: "hidden-word", source: "given" };
    const body = oci("bad hidden\u0007-word here");
    const text = await message(await registry(askBasic, credential, () => ({ status: 403, body })));
    expect(text).not.toContain("hidden-word");
  });
});

describe("what one request carried", () => {
  const url = new URL("https://r.test/v2/");
  const form = { "content-type": "application/x-www-form-urlencoded" };

  it("is masked where a form had it, but for the fields that tell nothing", () => {
    const body = Buffer.from("grant_type=password&scope=repository:a:pull&client_id=chartferry&assertion=one+time+code&pin=12");
    const scrub = createKnownSecrets().scrubber({ url, headers: form, body }, url);
    const said = "one time code of chartferry for repository:a:pull, password 12, form one+time+code";
    expect(scrub(said)).toBe("*** of chartferry for repository:a:pull, password 12, form ***");
    expect(createKnownSecrets().scrubber({ url, headers: {}, body }, url)(said)).toBe(said);
  });

  it("is masked where the address had it that answered after a redirect", () => {
    const answered = new URL("https://store.test/blob?X-Signature=c2lnbmF0dXJl&n=123456789");
    expect(createKnownSecrets().scrubber({ url, headers: {} }, answered)("bad c2lnbmF0dXJl of 123456789")).toBe("bad *** of 123456789");
  });

  it("is masked where a secret looks escaped itself and another one is escaped beside it", () => {
    const secrets = createKnownSecrets();
    secrets.learn({ kind: "bearer", token: String.raw`pa\u0041ss`, source: "given" });
    secrets.learn({ kind: "bearer", token: "to&ken", source: "given" });
    const scrub = secrets.scrubber({ url, headers: {} }, url);
    expect(scrub(String.raw`pa\u0041ss, to\u0026ken`)).toBe("***, ***");
  });

  it("is made ready for search once for an answer, and each secret once, however many texts there are", () => {
    const split = vi.spyOn(globalThis, "encodeURIComponent");
    const secrets = createKnownSecrets();
    for (let time = 0; time < 100; time++) secrets.learn(basic);
    const scrub = secrets.scrubber({ url, headers: { authorization: "Bearer one-token-only" } }, url);
    for (let time = 0; time < 1000; time++) expect(scrub(`text ${password} ${time} one-token-only`)).toBe(`text *** ${time} ***`);
    expect(split.mock.calls.length).toBeLessThan(20);
    split.mockRestore();
  });
});
