import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { adapters, generic } from "@chartferry/adapters";
import { type ChartStore, type Credential, type OpenConnectionOptions, systemClock } from "@chartferry/core";
import { describe, expect, it, onTestFinished } from "vitest";

import { type DiscoveryModel, discoveryProblems } from "../testing/discovery-model.ts";
import { openPlace, putTinyChart, tinyChart } from "../testing/open-place.ts";
import model from "./artifactregistry-v1.model.json" with { type: "json" };
import { garSetup } from "./gar-setup.ts";
import type { GarOptions } from "./gar-state.ts";
import { machineAccount } from "./google-identity.ts";

const discovery: DiscoveryModel = model;
const place = (options: Partial<GarOptions> = {}) => openPlace(() => garSetup(options));
type Place = Awaited<ReturnType<typeof place>>;
const chart = tinyChart("web");
/** Creation is waited for. */
const clock = { ...systemClock, sleep: () => Promise.resolve() };
const creating = { createRepositories: "if-missing", clock } as const;
const reader = "reader@my-project.iam.gserviceaccount.com";

function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "chartferry-gar-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "file"), text);
  return join(folder, "file");
}

const keyFile = (text: string) => ({ environment: { GOOGLE_APPLICATION_CREDENTIALS: file(text), METADATA_SERVER_DETECTION: "none" } });

/** Somebody with a good access token in hand, who knows nothing of Artifact Registry. */
function knowingNothing({ setup }: Place): Partial<OpenConnectionOptions> & { readonly credential: Credential } {
  const password = setup.emulator.state.access.issue(machineAccount, []);
  return { adapters: [generic], credential: { kind: "basic", username: "oauth2accesstoken", password, source: "--username" } };
}

function hostsAsked({ setup: { emulator } }: Place): string[] {
  return emulator.log.map(({ host, method, status }) => `${method} ${host} ${status}`);
}

describe("sign-in at Google", () => {
  it("takes a service account's key by a signed assertion, through the proxy", async () => {
    const gar = await place();
    gar.setup.prepare(["my-project/charts"]);
    await putTinyChart(await gar.open("web", {}, keyFile(gar.setup.key())), chart);
    expect(hostsAsked(gar).slice(0, 3)).toEqual([
      `POST ${gar.setup.registry} 401`,
      "POST oauth2.googleapis.com 200",
      `GET ${gar.setup.registry} 200`,
    ]);
    await expect((await gar.open("web", { adapters: [generic] })).putBlob(chart.layer)).rejects.toMatchObject({ code: "denied" });
  });

  it("takes another provider's token (workload identity federation)", async () => {
    const gar = await place();
    gar.setup.prepare(["my-project/charts"]);
    const external = keyFile(gar.setup.external(file(gar.setup.subjectToken)));
    await putTinyChart(await gar.open("web", {}, external), chart);
    expect(hostsAsked(gar)).toContain("POST sts.googleapis.com 200");
  });

  it("takes the machine's own account", async () => {
    const machine = await place();
    machine.setup.prepare(["my-project/charts"]);
    await putTinyChart(await machine.open("web", {}, machine.setup.machine), chart);
    expect(hostsAsked(machine).filter((line) => line.includes("oauth2") || line.includes("sts"))).toEqual([]);
  });

  it("that is configured and wrong is an error of its own, and never goes on as nobody", async () => {
    const gar = await place();
    const unknown = await gar.open("web", { end: "source" }, keyFile(gar.setup.key("nobody@my-project.iam.gserviceaccount.com")));
    await expect(unknown.resolve("1.0.0")).rejects.toMatchObject({
      code: "credentials-unavailable",
      message: expect.stringContaining("account not found"),
      hint: expect.stringContaining("GOOGLE_APPLICATION_CREDENTIALS"),
    });
    const missing = await gar.open("web", { end: "source" }, { environment: { GOOGLE_APPLICATION_CREDENTIALS: "/nonexistent/key.json" } });
    await expect(missing.resolve("1.0.0")).rejects.toMatchObject({ code: "credentials-unavailable" });
  });

  it.each([
    ["_json_key", (key: string) => key],
    ["_json_key_base64", (key: string) => Buffer.from(key).toString("base64")],
  ])("takes a key as the password of %s, and creates with it as well", async (username, written) => {
    const gar = await place();
    const credential: Credential = { kind: "basic", username, password: written(gar.setup.key()), source: "--username" };
    await putTinyChart(await gar.open("web", { ...creating, credential }), chart);
    const wrong: Credential = { ...credential, password: "{}" };
    await expect((await gar.open("web", { credential: wrong })).resolve("1.0.0")).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("is done anew when the access token has ended, and says so of one that was given by hand", async () => {
    const gar = await place();
    gar.setup.prepare(["my-project/charts"]);
    const byHand = knowingNothing(gar);
    const store = await gar.open("web", { clock: systemClock });
    await putTinyChart(store, chart);
    gar.setup.expire?.();
    expect(await store.resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
    const { credential } = byHand;
    await expect((await gar.open("web", { credential })).resolve("1.0.0")).rejects.toMatchObject({ code: "credentials-expired" });
    await expect((await gar.open("web", byHand)).resolve("1.0.0")).rejects.toMatchObject({ code: "unauthenticated" });
  });
});

describe("Artifact Registry's repositories", () => {
  it("look alike whether they are missing or closed, and the token service says it", async () => {
    const gar = await place();
    const missing = {
      code: "denied-or-missing",
      hint: expect.stringMatching(/gcloud artifacts repositories create.*--create-repositories if-missing/),
    };
    await expect((await gar.open("web")).putBlob(chart.layer)).rejects.toMatchObject(missing);
    await expect((await gar.open("web", knowingNothing(gar))).putBlob(chart.layer)).rejects.toMatchObject({ code: "denied" });
    gar.setup.prepare(["my-project/charts"]);
    await expect((await gar.open("web", {}, keyFile(gar.setup.key(reader)))).putBlob(chart.layer)).rejects.toMatchObject(missing);
  });

  it("are created where the user wants it, once for all charts that lie in one, as Google's own model has it", async () => {
    const gar = await place();
    const adapterOptions = { immutableTags: true, description: "charts of the harbour", labels: { team: "harbour" } };
    const connection = await gar.connect({ ...creating, adapterOptions });
    const names = ["web", "db", "cache"];
    await Promise.all(names.map(async (name) => putTinyChart(await connection.openStore(`my-project/charts/${name}`), tinyChart(name))));
    expect(gar.setup.emulator.state.repositories.get("my-project/charts")).toEqual({
      immutableTags: true,
      wish: { format: "DOCKER", description: "charts of the harbour", labels: { team: "harbour" }, dockerConfig: { immutableTags: true } },
    });
    const { calls } = gar.setup.emulator.state;
    expect(calls.map(({ method, status }) => `${method} ${status}`)).toEqual(["POST 200", "GET 200", "GET 200"]);
    expect(calls.flatMap((call) => discoveryProblems(discovery, call))).toEqual([]);
  });

  it("are not created by somebody without that right: the failure names it", async () => {
    const gar = await place();
    const store = await gar.open("web", creating, keyFile(gar.setup.key(reader)));
    await expect(store.putBlob(chart.layer)).rejects.toMatchObject({
      code: "denied",
      operation: "create repository",
      message: expect.stringContaining("artifactregistry.repositories.create"),
    });
    const { state } = gar.setup.emulator;
    expect(state.calls.map(({ method, status }) => `${method} ${status}`)).toEqual(["POST 403"]);
    expect(state.calls.flatMap((call) => discoveryProblems(discovery, call))).toEqual([]);
  });

  it("are listed by the control plane, image by image, over all its pages", async () => {
    const gar = await place();
    gar.setup.prepare(["my-project/charts", "my-project/images"]);
    const connection = await gar.connect();
    for (const name of ["charts/web", "charts/team/db", "images/web"])
      await putTinyChart(await connection.openStore(`my-project/${name}`), tinyChart("x"));
    const listed = async (prefix: string) => {
      const found: string[] = [];
      for await (const name of connection.repositories(prefix)) found.push(name);
      return found;
    };
    expect(await listed("my-project/charts")).toEqual(["my-project/charts/team/db", "my-project/charts/web"]);
    expect(await listed("my-project/charts/team")).toEqual(["my-project/charts/team/db"]);
    expect(await listed("my-project")).toEqual(["my-project/charts/team/db", "my-project/charts/web", "my-project/images/web"]);
    await expect(listed("")).rejects.toMatchObject({ code: "usage" });
    expect(gar.setup.emulator.state.calls.flatMap((call) => discoveryProblems(discovery, call))).toEqual([]);
    const general = (await gar.connect(knowingNothing(gar))).repositories("my-project");
    await expect(general[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "denied" });
  });

  it("have names of three parts: known before anything is asked", async () => {
    const gar = await place();
    const connection = await gar.connect();
    expect(connection.nameProblems("my-project/web")).toMatchObject([{ text: expect.stringContaining("PROJECT/REPOSITORY/IMAGE") }]);
    expect(connection.nameProblems("example.com/my-project/web")).toHaveLength(1);
    expect(connection.nameProblems("my-project/charts/web")).toEqual([]);
    expect(gar.setup.emulator.log).toEqual([]);
    gar.setup.prepare(["my-project/web"]);
    const general = await gar.connect(knowingNothing(gar));
    await expect((await general.openStore("my-project/web")).putBlob(chart.layer)).rejects.toMatchObject({ code: "name-invalid" });
  });
});

async function tagsOf(store: ChartStore): Promise<string[]> {
  const found: string[] = [];
  for await (const tag of store.tags()) found.push(tag);
  return found;
}

describe("Artifact Registry's tags", () => {
  it("come all at once, with the manifests beside them", async () => {
    const gar = await place();
    gar.setup.prepare(["my-project/charts"]);
    const store = await gar.open("web");
    await putTinyChart(store, chart);
    for (const tag of ["1.0.1", "1.0.2"]) await store.putManifest(tag, chart.manifest);
    expect(await tagsOf(store)).toEqual(["1.0.0", "1.0.1", "1.0.2"]);
    expect(gar.setup.emulator.log.at(-1)?.query.has("n")).toBe(false);
  });

  it("do not move where the repository is immutable", async () => {
    const gar = await place();
    gar.setup.makeImmutable?.(["my-project/charts"]);
    const store = await gar.open("web");
    await putTinyChart(store, chart);
    const moved = tinyChart("web", "2025-01-01T00:00:00Z");
    await expect(putTinyChart(store, moved)).rejects.toMatchObject({ code: "tag-immutable" });
    await expect(putTinyChart(await gar.open("web", knowingNothing(gar)), moved)).rejects.toMatchObject({ code: "manifest-invalid" });
  });
});

const gcr = () => place({ host: "eu.gcr.io", location: "europe" });

describe("gcr.io", () => {
  it("names its service without quotes, and goes on where a later 401 has no challenge", async () => {
    const gar = await gcr();
    gar.setup.prepare(["my-project/web"]);
    const store = await gar.open("web", { clock: systemClock });
    await putTinyChart(store, chart);
    gar.setup.expire?.();
    expect(await store.resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
    expect(gar.setup.emulator.log.find(({ path }) => path === "/v2/token")?.query.get("service")).toBe("gcr.io");
  });

  it("keeps all of a project in one repository of its own name, which is created like the others", async () => {
    const gar = await gcr();
    await putTinyChart(await gar.open("team/web", creating), chart);
    expect([...gar.setup.emulator.state.repositories.keys()]).toEqual(["my-project/eu.gcr.io"]);
    const found: string[] = [];
    for await (const name of (await gar.connect()).repositories("my-project")) found.push(name);
    expect(found).toEqual(["my-project/team/web"]);
    expect((await gar.connect()).nameProblems("my-project")).toHaveLength(1);
  });
});

it("gives the bytes of blobs from another host, and takes uploads in one piece", async () => {
  const gar = await place();
  gar.setup.prepare(["my-project/charts"]);
  const store = await gar.open("web");
  await putTinyChart(store, chart);
  const parts: Uint8Array[] = [];
  for await (const part of store.fetchBlob({ ...chart.layerDescriptor })) parts.push(part);
  expect(Buffer.concat(parts).toString()).toBe("the archive of web");
  expect(gar.setup.emulator.log.at(-1)).toMatchObject({ host: "storage.googleapis.com", authorization: undefined, status: 200 });
  expect(gar.setup.emulator.log.filter(({ method }) => method === "PATCH")).toEqual([]);
  expect(adapters.find(({ id }) => id === "gar")?.traits.upload).toBe("post-put");
});
