import { readdir, readFile, truncate } from "node:fs/promises";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { errorCode, sha256, startTestRegistry, type TestRegistry } from "./testing/registry-fixture.ts";

let registry: TestRegistry;
beforeEach(async () => {
  registry = await startTestRegistry({ limits: { maxBlobBytes: 4_000_000, maxSessions: 3 } });
});
afterEach(() => registry.remove());

async function begin(repository = "web"): Promise<string> {
  const response = await registry.request("POST", `/v2/${repository}/blobs/uploads/`);
  expect(response.status).toBe(202);
  return response.headers.get("location") ?? "";
}

describe("blobs", () => {
  it("stores a blob by POST and PUT, by a single POST, and in chunks", async () => {
    const content = "chart";
    const whole = await registry.request("PUT", `${await begin()}?digest=${sha256(content)}`, { body: content });
    expect([whole.status, whole.headers.get("location")]).toEqual([201, `/v2/web/blobs/${sha256(content)}`]);
    const single = await registry.request("POST", `/v2/web/blobs/uploads/?digest=${sha256("one")}`, { body: "one" });
    expect(single.status).toBe(201);
    const location = await begin();
    const first = await registry.request("PATCH", location, { body: "01234", headers: { "content-range": "0-4" } });
    expect([first.status, first.headers.get("range")]).toEqual([202, "0-4"]);
    const last = await registry.request("PUT", `${location}?digest=${sha256("0123456789")}`, {
      body: "56789",
      headers: { "content-range": "5-9" },
    });
    expect(last.status).toBe(201);
    expect(await (await registry.request("GET", `/v2/web/blobs/${sha256("0123456789")}`)).text()).toBe("0123456789");
  });

  it("says the true length of a blob whose file was cut off, and takes it anew", async () => {
    const digest = sha256("chart");
    const push = async (): Promise<unknown> => registry.request("PUT", `${await begin()}?digest=${digest}`, { body: "chart" });
    await push();
    await truncate(join(registry.directory, "web", "blobs", ...digest.split(":")), 2);
    const length = async (): Promise<string | null> =>
      (await registry.request("HEAD", `/v2/web/blobs/${digest}`)).headers.get("content-length");
    expect(await length()).toBe("2");
    await push();
    expect(await length()).toBe("5");
  });

  it("answers 416 with the upload's state to a chunk out of order, and goes on from there", async () => {
    const location = await begin();
    await registry.request("PATCH", location, { body: "01234", headers: { "content-range": "0-4" } });
    const wrong = await registry.request("PATCH", location, { body: "9", headers: { "content-range": "9-9" } });
    expect([wrong.status, wrong.headers.get("range"), wrong.headers.get("location")]).toEqual([416, "0-4", location]);
    const state = await registry.request("GET", location);
    expect([state.status, state.headers.get("range")]).toEqual([204, "0-4"]);
    expect((await registry.request("DELETE", location)).status).toBe(204);
    expect((await registry.request("GET", location)).status).toBe(404);
  });

  it.each([
    ["bytes=2-4", 206, "234", "bytes 2-4/10"],
    ["bytes=7-", 206, "789", "bytes 7-9/10"],
    ["bytes=-2", 206, "89", "bytes 8-9/10"],
    ["bytes=8-100", 206, "89", "bytes 8-9/10"],
    ["bytes=10-", 416, undefined, "bytes */10"],
    ["bytes=4-2", 200, "0123456789", null],
    ["bytes=0-1,4-5", 200, "0123456789", null],
    ["lines=1-2", 200, "0123456789", null],
  ])("answers the range %s with %i", async (range, ...[status, text, contentRange]) => {
    const digest = sha256("0123456789");
    await registry.request("POST", `/v2/web/blobs/uploads/?digest=${digest}`, { body: "0123456789" });
    const response = await registry.request("GET", `/v2/web/blobs/${digest}`, { headers: { range } });
    expect([response.status, response.headers.get("content-range")]).toEqual([status, contentRange]);
    if (text !== undefined) expect(await response.text()).toBe(text);
  });

  it("refuses bytes with another digest, malformed digests and unknown uploads by their codes", async () => {
    const wrong = await registry.request("PUT", `${await begin()}?digest=${sha256("a")}`, { body: "b" });
    expect([wrong.status, await errorCode(wrong)]).toEqual([400, "DIGEST_INVALID"]);
    expect((await registry.request("HEAD", `/v2/web/blobs/${sha256("a")}`)).status).toBe(404);
    const malformed = await registry.request("GET", "/v2/web/blobs/sha256:..%2f..%2fetc%2fpasswd");
    expect([malformed.status, await errorCode(malformed)]).toEqual([400, "DIGEST_INVALID"]);
    const lost = await registry.request("PATCH", "/v2/web/blobs/uploads/nothing", { body: "x" });
    expect([lost.status, await errorCode(lost)]).toEqual([404, "BLOB_UPLOAD_UNKNOWN"]);
    const other = await begin("other");
    expect((await registry.request("PATCH", other.replace("/other/", "/web/"), { body: "x" })).status).toBe(404);
  });

  it("brings a blob whose file was cut off back by a mount, and asks for its bytes where the source's was", async () => {
    const digest = sha256("shared");
    const fileIn = (repository: string): string => join(registry.directory, repository, "blobs", ...digest.split(":"));
    const mount = async (): Promise<number> => (await registry.request("POST", `/v2/b/blobs/uploads/?mount=${digest}&from=a`)).status;
    for (const name of ["a", "b"]) await registry.request("POST", `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: "shared" });
    await truncate(fileIn("b"), 2);
    expect(await mount()).toBe(201);
    expect(await readFile(fileIn("b"), "utf8")).toBe("shared");
    await truncate(fileIn("a"), 2);
    expect(await mount()).toBe(202);
    expect(await readFile(fileIn("b"), "utf8")).toBe("shared");
  });

  it("mounts from another repository, also without being told from which", async () => {
    const digest = sha256("shared");
    await registry.request("POST", `/v2/a/blobs/uploads/?digest=${digest}`, { body: "shared" });
    for (const query of [`mount=${digest}&from=a`, `mount=${digest}`]) {
      expect((await registry.request("POST", `/v2/b/blobs/uploads/?${query}`)).status).toBe(201);
      expect((await registry.request("DELETE", `/v2/b/blobs/${digest}`)).status).toBe(202);
    }
    expect((await registry.request("POST", `/v2/b/blobs/uploads/?mount=${sha256("none")}&from=a`)).status).toBe(202);
    expect((await registry.request("POST", `/v2/b/blobs/uploads/?mount=${digest}&from=../a`)).status).toBe(202);
  });

  it("refuses a blob above the limit, declared or not, and keeps none of it", async () => {
    const big = new Uint8Array(4_000_001);
    const declared = await registry.request("PUT", `${await begin()}?digest=${sha256(big)}`, { body: big });
    expect(declared.status).toBe(413);
    const location = await begin();
    const streamed = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(big.subarray(0, 3_000_000));
        controller.enqueue(big.subarray(0, 1_000_001));
        controller.close();
      },
    });
    const undeclared = await fetch(new URL(location, registry.url), { method: "PATCH", body: streamed, duplex: "half" });
    expect(undeclared.status).toBe(413);
    expect(await readdir(join(registry.directory, ".chartferry/uploads"))).toEqual([]);
  });

  it("answers 416 to who would end an upload that another request is adding to", async () => {
    const location = await begin();
    const adding = request(new URL(location, registry.url), { method: "PATCH", headers: { "content-length": 10 } });
    const added = new Promise<number | undefined>((done) => adding.once("response", (response) => done(response.resume().statusCode)));
    adding.write("01234");
    const [session] = [...registry.tree.uploads.sessions.values()];
    await expect.poll(() => session?.size).toBe(5);
    const refused = await registry.request("DELETE", location);
    expect([refused.status, refused.headers.get("range"), await errorCode(refused)]).toEqual([416, "0-4", "BLOB_UPLOAD_INVALID"]);
    adding.end("56789");
    expect(await added).toBe(202);
    expect((await registry.request("DELETE", location)).status).toBe(204);
  });

  it("says what was wrong with a chunk also when the next request took the upload over meanwhile", async () => {
    const location = await begin();
    const [session] = [...registry.tree.uploads.sessions.values()];
    let busy = false;
    // Whoever lets go of it finds it taken.
    Object.defineProperty(session, "busy", {
      get: () => busy,
      set() {
        busy = true;
      },
    });
    const tooLarge = await registry.request("PATCH", location, { body: new Uint8Array(4_000_001) });
    expect(tooLarge.status).toBe(413);
    expect(registry.tree.uploads.sessions.size).toBe(1);
  });

  it("keeps a bound on unfinished uploads, giving up empty ones first", async () => {
    const first = await begin();
    await registry.request("PATCH", first, { body: "kept" });
    for (let count = 0; count < 5; count += 1) await begin();
    expect((await registry.request("GET", first)).status).toBe(204);
    expect(registry.tree.uploads.sessions.size).toBe(3);
    for (let count = 0; count < 2; count += 1) await registry.request("PATCH", await begin(), { body: "x" });
    const refused = await registry.request("POST", "/v2/web/blobs/uploads/");
    expect([refused.status, refused.headers.get("retry-after"), await errorCode(refused)]).toEqual([429, "30", "TOOMANYREQUESTS"]);
  });

  it("goes on with an upload whose client broke off, also after a restart", async () => {
    const location = await begin();
    await new Promise<void>((done) => {
      const socket = connect(registry.port, "127.0.0.1", () => {
        socket.write(`PATCH ${location} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhello`, () =>
          setTimeout(() => socket.destroy(), 50),
        );
      });
      socket.once("close", () => done());
    });
    await registry.close();
    const again = await startTestRegistry({ directory: registry.directory });
    const state = await again.request("GET", location);
    expect(state.headers.get("range")).toBe("0-4");
    const closed = await again.request("PUT", `${location}?digest=${sha256("hello world")}`, {
      body: " world",
      headers: { "content-range": "5-10" },
    });
    expect(closed.status).toBe(201);
    await again.close();
  });

  it("answers HEAD with the length and keeps the connection", async () => {
    const digest = sha256("0123456789");
    await registry.request("POST", `/v2/web/blobs/uploads/?digest=${digest}`, { body: "0123456789" });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const head = (): Promise<[length: string | undefined, reused: boolean]> =>
      new Promise((done, fail) => {
        const sent = request({ agent, host: "127.0.0.1", port: registry.port, method: "HEAD", path: `/v2/web/blobs/${digest}` });
        sent.once("error", fail).end();
        sent.once("response", (response) => {
          response.resume().once("end", () => done([response.headers["content-length"], sent.reusedSocket]));
        });
      });
    expect(await head()).toEqual(["10", false]);
    expect(await head()).toEqual(["10", true]);
    agent.destroy();
    const fresh = await registry.request("GET", `/v2/web/blobs/${digest}`, { headers: { "if-none-match": `"${digest}"` } });
    expect(fresh.status).toBe(304);
  });
});
