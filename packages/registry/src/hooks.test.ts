import { afterEach, describe, expect, it } from "vitest";

import type { RequestRecord } from "./registry-hooks.ts";
import { empty } from "./registry-request.ts";
import { basic, sha256, startTestRegistry, type TestRegistry } from "./testing/registry-fixture.ts";

let registry: TestRegistry | undefined;
afterEach(async () => registry?.remove());

describe("a registry with hooks", () => {
  it("gives hooks the say over faults, rights, Location, answers and the log", async () => {
    const records: RequestRecord[] = [];
    registry = await startTestRegistry({
      hooks: {
        intercept: ({ request }) => (request.method === "PATCH" ? empty(405) : undefined),
        authorise: ({ access }) =>
          access.some(({ repository, actions }) => repository === "closed" && actions.includes("push")) ? empty(403) : undefined,
        location: (path) => `https://blobs.example${path}`,
        transform: (response) => ({ ...response, headers: { ...response.headers, "x-emulated": "yes" } }),
        observe: (record) => records.push(record),
      },
    });
    expect((await registry.request("PATCH", "/v2/web/blobs/uploads/1", { body: "x" })).status).toBe(405);
    expect((await registry.request("POST", "/v2/closed/blobs/uploads/")).status).toBe(403);
    const begun = await registry.request("POST", "/v2/web/blobs/uploads/?digest-algorithm=sha512");
    expect(begun.headers.get("location")).toMatch(/^https:\/\/blobs\.example\/v2\/web\/blobs\/uploads\//);
    expect(begun.headers.get("x-emulated")).toBe("yes");
    expect(records.map(({ method, path, status }) => [method, path, status])).toEqual([
      ["PATCH", "/v2/web/blobs/uploads/1", 405],
      ["POST", "/v2/closed/blobs/uploads/", 403],
      ["POST", "/v2/web/blobs/uploads/", 202],
    ]);
  });

  it("cuts a connection in the middle of a body when a test asks for it", async () => {
    registry = await startTestRegistry({
      hooks: { transform: (response, { route }) => (route?.kind === "blob" ? { ...response, cutAfter: 4 } : response) },
    });
    await registry.request("POST", `/v2/web/blobs/uploads/?digest=${sha256("0123456789")}`, { body: "0123456789" });
    const response = await registry.request("GET", `/v2/web/blobs/${sha256("0123456789")}`);
    await expect(response.text()).rejects.toThrow();
  });

  it("asks the hook as well when it has users, after they have signed in", async () => {
    let asked = 0;
    registry = await startTestRegistry({
      basicAuth: { users: new Map([["ann", "secret"]]) },
      hooks: {
        authorise: ({ access }) => {
          asked += 1;
          return access.some(({ repository }) => repository === "closed") ? empty(403) : undefined;
        },
      },
    });
    expect((await registry.request("GET", "/v2/closed/tags/list")).status).toBe(401);
    expect(asked).toBe(0);
    expect((await registry.request("GET", "/v2/closed/tags/list", { headers: basic("ann", "secret") })).status).toBe(403);
    expect((await registry.request("GET", "/v2/", { headers: basic("ann", "secret") })).status).toBe(200);
  });

  it.each(["transform", "observe", "mapError"] as const)("answers and reports when the hook %s throws", async (name) => {
    const failures: unknown[] = [];
    const broken = (): never => {
      throw new Error(`${name} is broken`);
    };
    registry = await startTestRegistry({ reportFailure: (error) => failures.push(error), hooks: { [name]: broken } });
    const lost = await registry.request("PATCH", "/v2/web/blobs/uploads/lost");
    expect(lost.status).toBe(name === "transform" ? 500 : 404);
    expect(String(failures.at(-1))).toBe(`Error: ${name} is broken`);
  });

  it.each([
    ["EMFILE", 503, "1"],
    ["ENFILE", 503, "1"],
    ["ENOSPC", 507, null],
    ["EIO", 500, null],
  ])("answers %s of the file system with %i", async (errno, ...[status, retryAfter]) => {
    const failure = Object.assign(new Error(`${errno}: /a/path/of/ours`), { code: errno });
    registry = await startTestRegistry({ hooks: { intercept: () => Promise.reject(failure) } });
    const response = await registry.request("GET", "/v2/");
    expect([response.status, response.headers.get("retry-after")]).toEqual([status, retryAfter]);
    expect(await response.text()).not.toContain("/a/path");
  });

  it("answers also when the report of a failure fails", async () => {
    registry = await startTestRegistry({
      reportFailure: () => {
        throw new Error("the log is full");
      },
      hooks: { intercept: () => Promise.reject(new Error("broken")) },
    });
    expect((await registry.request("GET", "/v2/")).status).toBe(500);
  });
});
