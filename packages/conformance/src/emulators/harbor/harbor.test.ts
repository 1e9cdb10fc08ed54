import { readFileSync } from "node:fs";

import { generic } from "@chartferry/adapters";
import { type Credential, type OpenConnectionOptions, systemClock } from "@chartferry/core";
import { describe, expect, it, onTestFinished } from "vitest";

import { openPlace, putTinyChart, tinyChart } from "../testing/open-place.ts";
import { type SwaggerModel, swaggerProblems } from "../testing/swagger-model.ts";
import { emulateHarbor } from "./harbor-emulator.ts";
import { harborSetup } from "./harbor-setup.ts";
import type { HarborAccount, HarborProject } from "./harbor-state.ts";

const model: SwaggerModel = JSON.parse(readFileSync(new URL("harbor-api.model.json", import.meta.url), "utf8"));

/** What Harbor answers to robots of a project, and does not declare. Source: src/server/v2.0/handler/project.go. */
const undeclared = "POST /api/v2.0/projects: no answer 403";

/** Every call to the API, and what it was answered, is held against Harbor's own description of it. */
async function place(accounts: Readonly<Record<string, HarborAccount>> = {}) {
  const harbor = await openPlace(async () => {
    const setup = await harborSetup();
    const { emulator } = setup;
    if (Object.keys(accounts).length === 0) return setup;
    const own = await emulateHarbor({ ...emulator.state, accounts: new Map([...emulator.state.accounts, ...Object.entries(accounts)]) });
    await emulator.close();
    return { ...setup, emulator: own };
  });
  onTestFinished(() => {
    const problems = harbor.setup.emulator.calls.flatMap((call) => swaggerProblems(model, call));
    expect(problems.filter((problem) => problem !== undeclared)).toEqual([]);
  });
  const project = (name: string, kind: Partial<HarborProject> = {}): void => {
    harbor.setup.emulator.state.projects.set(name, { public: false, ...kind });
  };
  return { ...harbor, project };
}

type Place = Awaited<ReturnType<typeof place>>;

const chart = tinyChart("web");
const creating = { createRepositories: "if-missing" } as const;
const as = (username: string, password: string): Credential => ({ kind: "basic", username, password, source: "--username" });

/** The robot itself, by somebody who knows nothing of Harbor. */
const knowingNothing = { adapters: [generic], credential: as("robot$ferry", "the secret of the ferry robot") };

const statuses = ({ setup }: Place): string[] => setup.emulator.log.map(({ method, path, status }) => `${method} ${path} ${status}`);

describe("Harbor's tokens", () => {
  it("are asked for where its challenge says, which is also how it is known; a robot's name keeps its $", async () => {
    const harbor = await place();
    const connection = await harbor.connect();
    await connection.ping();
    expect(connection.adapter).toBe("harbor");
    expect(statuses(harbor)).toEqual(["GET /v2/ 401", "GET /v2/ 401", "GET /service/token 200", "GET /v2/ 200"]);
  });

  it("end after half an hour, and are then renewed, though Harbor asks for Basic of whoever shows one", async () => {
    const harbor = await place();
    harbor.project("charts");
    // By its own clock the client has no reason to think that time has passed.
    const store = await harbor.open("web", { clock: systemClock });
    await putTinyChart(store, chart);
    harbor.setup.expire?.();
    expect(await store.resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
    expect(statuses(harbor).slice(-3)).toEqual([
      "HEAD /v2/charts/web/manifests/1.0.0 401",
      "GET /service/token 200",
      "HEAD /v2/charts/web/manifests/1.0.0 200",
    ]);
    expect(harbor.setup.emulator.log.at(-1)?.authorization).toMatch(/^Bearer /);
  });

  it("are given to a wrong password too, without rights: that it is wrong shows afterwards, and names who and what to look at", async () => {
    const harbor = await place();
    harbor.project("charts");
    const store = await harbor.open("web", { credential: as("robot$charts+ferry", "of yesterday") });
    await expect(store.putBlob(chart.layer)).rejects.toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining("the credential from --username"),
      hint: expect.stringContaining("may do so in the project"),
    });
    expect(statuses(harbor)).toContain("GET /service/token 200");
  });

  it("are needed for public charts too, and given to anybody for them", async () => {
    const harbor = await place();
    harbor.project("charts", { public: true });
    await putTinyChart(await harbor.open("web"), chart);
    const reader = await harbor.open("web", { end: "source" }, {});
    expect(await reader.resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
    expect(statuses(harbor).slice(-3)).toEqual([
      "HEAD /v2/charts/web/manifests/1.0.0 401",
      "GET /service/token 200",
      "HEAD /v2/charts/web/manifests/1.0.0 200",
    ]);
  });
});

describe("Harbor's projects", () => {
  it("are missed by a 401 that asks for nothing, with and without a body", async () => {
    const harbor = await place();
    const missing = {
      code: "namespace-missing",
      hint: expect.stringMatching(/create the project charts.*--create-repositories if-missing/),
    };
    const store = await harbor.open("web");
    await expect(store.putBlob(chart.layer)).rejects.toMatchObject(missing);
    await expect(store.resolve("1.0.0")).rejects.toMatchObject(missing);
    const generally = await harbor.open("web", knowingNothing);
    await expect(generally.putBlob(chart.layer)).rejects.toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining("project charts not found"),
    });
  });

  it("are created where the user wants it, private unless it is said otherwise, and then pushed to", async () => {
    const harbor = await place();
    await putTinyChart(await harbor.open("web", creating), chart);
    await putTinyChart(await (await harbor.connect({ ...creating, adapterOptions: { public: true } })).openStore("open/web"), chart);
    expect([...harbor.setup.emulator.state.projects]).toEqual([
      ["charts", { public: false }],
      ["open", { public: true }],
    ]);
    await expect((await harbor.open("db", { ...creating, ...knowingNothing })).putBlob(chart.layer)).resolves.toBeUndefined();
    const elsewhere = await (await harbor.connect({ ...creating, ...knowingNothing })).openStore("elsewhere/db");
    await expect(elsewhere.putBlob(chart.layer)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("are there already where somebody else was faster", async () => {
    const harbor = await place();
    harbor.setup.emulator.faults.push({ method: "POST", path: /^\/api\/v2.0\/projects$/, act: () => harbor.project("charts") });
    await putTinyChart(await harbor.open("web", creating), chart);
    expect(statuses(harbor)).toContain("POST /api/v2.0/projects 409");
  });

  it("are not created by a project's own robot: the failure names who may", async () => {
    const harbor = await place({
      "robot$charts+ferry": { password: "p4ssw0rd", kind: "project robot", rights: { charts: ["pull", "push"] } },
    });
    const store = await harbor.open("web", { ...creating, credential: as("robot$charts+ferry", "p4ssw0rd") });
    await expect(store.putBlob(chart.layer)).rejects.toMatchObject({
      code: "denied",
      operation: "create project",
      message: expect.stringContaining("Only system level robot can create project"),
      hint: expect.stringContaining("administrator"),
    });
  });

  it("have names of their own: known before anything is asked", async () => {
    const harbor = await place();
    const connection = await harbor.connect();
    const before = harbor.setup.emulator.log.length;
    expect(connection.nameProblems("my__charts/web")).toMatchObject([{ text: expect.stringContaining("a project of Harbor") }]);
    expect(connection.nameProblems("web")).toMatchObject([{ text: expect.stringContaining("at least 2") }]);
    expect(connection.nameProblems("charts/eu/web")).toEqual([]);
    expect(harbor.setup.emulator.log).toHaveLength(before);
  });

  it("that mirror take no pushes, and full ones nothing more: each failure says which", async () => {
    const harbor = await place();
    harbor.project("charts", { proxy: true });
    await expect((await harbor.open("web")).putBlob(chart.layer)).rejects.toMatchObject({
      code: "denied",
      hint: expect.stringContaining("proxy cache"),
    });
    harbor.project("charts", { full: true });
    await expect((await harbor.open("web")).putBlob(chart.layer)).rejects.toMatchObject({ code: "quota-exceeded" });
  });

  it("may hold charts back by a policy, which is no word on tags", async () => {
    const harbor = await place();
    harbor.project("charts");
    await putTinyChart(await harbor.open("web"), chart);
    harbor.project("charts", { preventsVulnerable: true });
    await expect((await harbor.open("web")).fetchManifest("1.0.0")).rejects.toMatchObject({ code: "denied" });
    await expect((await harbor.open("web", knowingNothing)).fetchManifest("1.0.0")).rejects.toMatchObject({ code: "tag-immutable" });
  });
});

async function listed(harbor: Place, prefix: string, options: Partial<OpenConnectionOptions> = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const name of (await harbor.connect(options)).repositories(prefix)) found.push(name);
  return found;
}

describe("Harbor's repositories", () => {
  it("are listed by its API over all pages, for the catalogue is for administrators alone", async () => {
    const harbor = await place();
    for (const name of ["charts", "charts-old"]) harbor.project(name);
    const connection = await harbor.connect();
    const names = Array.from({ length: 101 }, (_, index) => `charts/eu/web-${String(index).padStart(3, "0")}`);
    const all = [...names, "charts/db", "charts-old/web"];
    await Promise.all(all.map(async (name) => putTinyChart(await connection.openStore(name), chart)));
    expect(await listed(harbor, "charts/eu")).toEqual(names);
    expect(await listed(harbor, "missing")).toEqual([]);
    expect((await listed(harbor, "")).length).toBe(103);
    await expect(listed(harbor, "charts", knowingNothing)).rejects.toMatchObject({ code: "unauthenticated" });
  });
});

describe("Harbor's tags", () => {
  it("do not move under an immutability rule, and Harbor refuses the same bytes too", async () => {
    const harbor = await place();
    harbor.setup.makeImmutable?.(["charts/web"]);
    const store = await harbor.open("web");
    await putTinyChart(store, chart);
    for (const each of [chart, tinyChart("web", "2025-01-01T00:00:00Z")])
      await expect(putTinyChart(store, each)).rejects.toMatchObject({ code: "tag-immutable" });
  });

  it("are deleted by its API, with the slashes of a deeper repository encoded twice: the registry itself deletes digests alone", async () => {
    const harbor = await place();
    harbor.project("charts");
    const store = await harbor.open("eu/web");
    await putTinyChart(store, chart);
    await expect((await harbor.open("eu/web", knowingNothing)).deleteManifest("1.0.0")).rejects.toMatchObject({ code: "unsupported" });
    expect([await store.deleteManifest("1.0.0"), await store.deleteManifest("1.0.0")]).toEqual([true, false]);
    expect(await store.resolve("1.0.0")).toBeUndefined();
  });
});

it("gives the bytes of blobs from a bucket, which refuses an Authorization", async () => {
  const harbor = await place();
  harbor.project("charts");
  const store = await harbor.open("web");
  await putTinyChart(store, chart);
  const parts: Uint8Array[] = [];
  for await (const part of store.fetchBlob({ ...chart.layerDescriptor })) parts.push(part);
  expect(Buffer.concat(parts).toString()).toBe("the archive of web");
  expect(harbor.setup.emulator.log.at(-1)).toMatchObject({ host: expect.stringContaining(".s3."), authorization: undefined, status: 200 });
});
