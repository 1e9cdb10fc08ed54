import { describe, expect, it } from "vitest";

import { ChartferryError } from "../../errors.ts";
import { errorFromAnswer } from "./error-response.ts";
import type { HttpAnswer } from "../http-client.ts";

function answer(status: number, body: unknown = "", headers: Record<string, string> = {}): HttpAnswer {
  const bytes = new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
  const stream = async function* (): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(bytes);
  };
  return {
    status,
    headers,
    url: new URL("https://reg.example/v2/"),
    stream,
    bytes: () => Promise.resolve(bytes),
    dump: () => Promise.resolve(),
  };
}

const oci = (code: string, message = "", detail?: unknown): unknown => ({ errors: [{ code, message, detail }] });

async function codeOf(status: number, body: unknown = "", operation = "push manifest"): Promise<string> {
  return (await errorFromAnswer(answer(status, body), { operation })).code;
}

async function said(body: unknown): Promise<string> {
  return (await errorFromAnswer(answer(400, body), { operation: "push blob" })).message;
}

describe("what an answer means", () => {
  it.each([
    [404, oci("BLOB_UNKNOWN"), "blob-unknown"],
    [404, oci("blob_upload_unknown"), "upload-lost"],
    [400, oci("BLOB_UPLOAD_INVALID"), "upload-lost"],
    [400, oci("DIGEST_INVALID"), "digest-mismatch"],
    [400, oci("SIZE_INVALID"), "size-mismatch"],
    [404, oci("MANIFEST_BLOB_UNKNOWN"), "blob-unknown"],
    [400, oci("Manifest_Invalid"), "manifest-invalid"],
    [404, oci("MANIFEST_UNKNOWN"), "manifest-unknown"],
    [404, oci("TAG_EXPIRED"), "manifest-unknown"],
    [400, oci("NAME_INVALID"), "name-invalid"],
    [404, oci("NAME_UNKNOWN"), "repository-missing"],
    [405, oci("UNSUPPORTED"), "unsupported"],
    [401, oci("UNAUTHORIZED"), "unauthenticated"],
    [403, oci("DENIED"), "denied"],
    [403, oci("DENIED", "Quota has been exceeded on namespace"), "quota-exceeded"],
    [405, oci("DENIED", "not now"), "read-only"],
    [405, oci("UNSUPPORTED", "the registry is in read-only mode"), "read-only"],
    [503, oci("UNAVAILABLE", "readonly mode"), "unavailable"],
    [400, oci("TAG_INVALID", "The image tag '1.0' already exists and cannot be overwritten because the tag is immutable"), "tag-immutable"],
    [409, oci("TAG_IMMUTABLE"), "tag-immutable"],
    [412, oci("PRECONDITION", "tag 1.0 is protected"), "tag-immutable"],
    [409, "", "conflict"],
    [413, "<html><title>413 Request Entity Too Large</title></html>", "too-large"],
    [415, "", "manifest-invalid"],
    [429, oci("TOOMANYREQUESTS", "slow down"), "rate-limited"],
    [429, oci("TOOMANYREQUESTS", "maximum number of repositories reached"), "quota-exceeded"],
    [429, oci("TOOMANYREQUESTS", "You have reached your unauthenticated pull rate limit"), "rate-limited"],
    [408, "", "timeout"],
    [500, oci("UNKNOWN"), "unavailable"],
    [502, "Bad Gateway", "unavailable"],
    [501, "", "unsupported"],
    [507, "", "quota-exceeded"],
    [307, "", "redirect-refused"],
    [418, "", "protocol-violation"],
    [400, "Client sent an HTTP request to an HTTPS server.\n", "tls"],
    [400, "<html>The plain HTTP request was sent to HTTPS port</html>", "tls"],
  ])("%i %j is %s", async (status, body, expected) => {
    expect(await codeOf(status, body)).toBe(expected);
  });

  it("405 to an upload is read-only where a registry says it, and a wrong address where something else does", async () => {
    expect(await codeOf(405, oci("UNSUPPORTED", "Method not allowed"), "start upload of sha256:00")).toBe("read-only");
    expect(await codeOf(405, "<h1>405 Not Allowed</h1>", "push blob")).toBe("unsupported");
  });

  it.each([
    ["fetch manifest", "manifest-unknown"],
    ["resolve tag", "manifest-unknown"],
    ["fetch blob", "blob-unknown"],
    ["push blob", "repository-missing"],
    ["list tags", "repository-missing"],
    ["read index", "index-missing"],
    ["fetch chart", "source-missing"],
  ])("a bare 404 while %s is %s", async (operation, expected) => {
    expect(await codeOf(404, "", operation)).toBe(expected);
  });

  it.each([
    [429, true],
    [503, true],
    [408, true],
    [501, false],
    [505, false],
    [401, false],
    [403, false],
    [404, false],
    [409, false],
    [413, false],
  ])("%i may be repeated: %s", async (status, retryable) => {
    expect((await errorFromAnswer(answer(status), { operation: "push blob" })).retryable).toBe(retryable);
  });

  it("a lost upload may be repeated, a quota may not", async () => {
    expect((await errorFromAnswer(answer(404, oci("BLOB_UPLOAD_UNKNOWN")), { operation: "push blob" })).retryable).toBe(true);
    expect((await errorFromAnswer(answer(429, oci("X", "quota")), { operation: "push blob" })).retryable).toBe(false);
  });

  it("keeps Retry-After, status, place and the adapter's better knowledge", async () => {
    const error = await errorFromAnswer(answer(429, "", { "retry-after": "7" }), {
      operation: "push blob",
      repository: "a/b",
      version: "1.0",
    });
    expect(error).toMatchObject({ retryAfterMs: 7000, status: 429, registry: "reg.example", repository: "a/b", version: "1.0" });
    const mapped = await errorFromAnswer(answer(403, "gone"), {
      operation: "push",
      mapError: ({ text }) => ({ code: "namespace-missing", hint: `made from ${text}` }),
    });
    expect(mapped).toMatchObject({ code: "namespace-missing", hint: "made from gone", retryable: false });
  });

  it.each([
    ["~/.docker/config.json", true],
    [undefined, false],
  ])("tells the adapter whether somebody had signed in (%s)", async (credentialSource, expected) => {
    let told: boolean | undefined;
    const mapError = ({ signedIn }: { signedIn?: boolean }): undefined => void (told = signedIn);
    await errorFromAnswer(answer(401), { operation: "push blob", credentialSource, mapError });
    expect(told).toBe(expected);
  });

  it("says what the server says, in one clean line", async () => {
    expect(await said(oci("X", "bad\u001b[31m red\r\nnew\u202e line", { tag: "1" }))).toContain('bad red new line: {"tag":"1"}');
    expect(await said({ details: "plain details" })).toContain("plain details");
    expect(await said("<!DOCTYPE html><title>Oh\nno</title><body>long page")).toContain("an HTML page: Oh no");
    expect(await said("x".repeat(70_000))).toMatch(/^.{1,420}$/);
    expect(await said("")).toBe("push blob: reg.example answers 400");
  });

  it("names the refused credential's source", async () => {
    const error = await errorFromAnswer({ ...answer(401), credentialSource: "/home/me/.docker/config.json" }, { operation: "push blob" });
    expect(error.message).toContain("refuses the credential from /home/me/.docker/config.json");
    expect(error.hint).toBe(
      "what /home/me/.docker/config.json holds is wrong or no longer valid: log in again with helm registry login or docker login, or give --username and --password-stdin",
    );
    const ofAnIndex = { ...answer(401), credentialSource: "the file", signInOptions: "--source-registry-config" };
    expect((await errorFromAnswer(ofAnIndex, { operation: "fetch chart" })).hint).toMatch(
      /docker login, or give --source-registry-config$/,
    );
    const given = await errorFromAnswer({ ...answer(401), credentialSource: "--password-stdin" }, { operation: "push blob" });
    expect(given.message).toContain("refuses the credential from --password-stdin");
    expect(given.hint).toBe("check the user and the password that --password-stdin gives");
  });

  it.each([
    [{}, "it does not say how to sign in"],
    [{ "www-authenticate": "Negotiate, NTLM" }, "it takes negotiate, ntlm only"],
    [{ "www-authenticate": 'Basic realm="x"' }, "give --username"],
  ])("does not ask for a credential that would not be sent: %j", async (headers, hint) => {
    const error = await errorFromAnswer(answer(401, "", headers), { operation: "push blob" });
    expect(error).toMatchObject({ code: "unauthenticated", hint: expect.stringContaining(hint) });
    const refused = await errorFromAnswer(answer(401, "", headers), { operation: "sign in", asksToken: true });
    expect(refused.hint).toContain("give --username");
  });

  it("survives hostile bodies: broken off, not UTF-8, deep, with odd types", async () => {
    const broken: HttpAnswer = {
      ...answer(500),
      stream: async function* () {
        yield await Promise.resolve(new TextEncoder().encode('{"errors":[{"co'));
        throw new ChartferryError("broken", { code: "connection-lost", operation: "x" });
      },
    };
    expect((await errorFromAnswer(broken, { operation: "x" })).code).toBe("unavailable");
    for (const body of [
      '{"errors":{"code":1}}',
      '{"errors":[null,7,[],{"code":{},"message":[]}]}',
      '{"__proto__":{"code":"X"}}',
      "[".repeat(60_000),
      '{"errors":[{"code":"X","message":"\u0000"}]}',
    ]) {
      expect((await errorFromAnswer(answer(404, body), { operation: "fetch blob" })).code).toBe("blob-unknown");
    }
  });
});
