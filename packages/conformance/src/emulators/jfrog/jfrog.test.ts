import { adapters, generic } from "@chartferry/adapters";
import { type ChartStore, type Credential, type OpenConnectionOptions, systemClock } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { openPlace, putTinyChart, tinyChart } from "../testing/open-place.ts";
import { emulateJfrog } from "./jfrog-emulator.ts";
import { jfrogSetup } from "./jfrog-setup.ts";
import type { JfrogOptions, JfrogRepository, JfrogUser } from "./jfrog-state.ts";

async function place(own: Partial<JfrogOptions> & { readonly more?: Readonly<Record<string, JfrogUser>> } = {}) {
  const jfrog = await openPlace(async () => {
    const setup = await jfrogSetup();
    const { emulator } = setup;
    const users = new Map([...emulator.state.users, ...Object.entries(own.more ?? {})]);
    const emulated = await emulateJfrog({ ...emulator.state, ...own, users });
    await emulator.close();
    return { ...setup, emulator: emulated, registry: emulated.state.host, expire: () => emulated.state.revokeTokens() };
  });
  const key = (name: string, kind: Partial<JfrogRepository> = {}): void => {
    jfrog.setup.emulator.state.repositories.set(name, { type: "oci", rclass: "local", ...kind });
  };
  const open = async (path: string, options?: Partial<OpenConnectionOptions>): Promise<ChartStore> =>
    (await jfrog.connect(options)).openStore(path);
  return { ...jfrog, open, key };
}

type Place = Awaited<ReturnType<typeof place>>;

const chart = tinyChart("web");
const creating = { createRepositories: "if-missing" } as const;
const as = (username: string, password: string): Credential => ({ kind: "basic", username, password, source: "--username" });

/** The administrator himself, by somebody who knows nothing of Artifactory. */
const knowingNothing = { adapters: [generic], credential: as("ferry", "the identity token of the ferry") };

const lines = ({ setup }: Place): string[] => setup.emulator.log.map(({ method, path, status }) => `${method} ${path} ${status}`);

async function tagsOf(store: ChartStore): Promise<string[]> {
  const found: string[] = [];
  for await (const tag of store.tags()) found.push(tag);
  return found;
}

describe("Artifactory's tokens", () => {
  it("come from a service of each repository key, for a scope without that key: core takes both from the challenge", async () => {
    const jfrog = await place();
    for (const name of ["charts-oci", "more-oci"]) jfrog.key(name);
    const connection = await jfrog.connect();
    for (const path of ["charts-oci/team/web", "more-oci/team/web"]) await putTinyChart(await connection.openStore(path), chart);
    const asked = jfrog.setup.emulator.log.filter(({ path }) => path.endsWith("/token"));
    expect(asked.map(({ path, query }) => `${path} ${query.get("scope")}`)).toEqual([
      "/artifactory/api/docker/charts-oci/v2/token repository:team/web:pull,push",
      "/artifactory/api/docker/more-oci/v2/token repository:team/web:pull,push",
    ]);
    expect(connection.adapter).toBe("jfrog");
  });

  it("are renewed when they are refused in the middle of a run", async () => {
    const jfrog = await place();
    jfrog.key("charts-oci");
    const store = await jfrog.open("charts-oci/team/web", { clock: systemClock });
    await putTinyChart(store, chart);
    jfrog.setup.expire();
    expect(await store.resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
  });

  it("are given to nobody by some, and refused then: that a credential is wanted is said", async () => {
    const jfrog = await place({ tokensForNobody: true });
    jfrog.key("charts-oci");
    const who = { environment: {} };
    const store = await (await jfrog.connect({ end: "source" }, who)).openStore("charts-oci/team/web");
    await expect(store.resolve("1.0.0")).rejects.toMatchObject({ code: "unauthenticated", hint: expect.stringContaining("--username") });
    expect(lines(jfrog)).toContain("GET /artifactory/api/docker/charts-oci/v2/token 200");
  });
});

describe("Artifactory's variables", () => {
  it("speak of one platform: another host gets nothing of them", async () => {
    const jfrog = await place();
    jfrog.key("charts-oci");
    const store = async (environment: Readonly<Record<string, string>>) =>
      (await jfrog.connect({}, { environment })).openStore("charts-oci/team/web");
    const mine = { JF_USER: "ferry", JF_ACCESS_TOKEN: "the identity token of the ferry" };
    for (const url of ["https://harbourworks.jfrog.io/", "https://harbourworks.jfrog.io"])
      await putTinyChart(await store({ ...mine, JF_URL: url }), chart);
    for (const url of ["https://other.jfrog.io", "https://works.jfrog.io", ""])
      await expect((await store({ ...mine, JF_URL: url })).putBlob(chart.layer)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("name the user, or the token does: a reference token that does not is a mistake, and nobody is nobody", async () => {
    const jfrog = await place({ more: { pilot: { secret: `e30.${claims("jfac@01/users/pilot")}.x`, administrator: true, rights: {} } } });
    jfrog.key("charts-oci");
    const signedIn = async (JF_ACCESS_TOKEN: string) => {
      const who = { environment: { JF_URL: "https://harbourworks.jfrog.io", JF_ACCESS_TOKEN, JF_USER: "" } };
      return (await (await jfrog.connect({}, who)).openStore("charts-oci/team/web")).putBlob(chart.layer);
    };
    await signedIn(`e30.${claims("jfac@01/users/pilot")}.x`);
    await expect(signedIn("cmVmdGtuOjAxOjE3")).rejects.toMatchObject({
      code: "credentials-unavailable",
      hint: expect.stringContaining("JF_USER"),
    });
  });
});

function claims(sub: string): string {
  return Buffer.from(JSON.stringify({ sub })).toString("base64url");
}

describe("Artifactory's repository keys", () => {
  it("are missed by a page of HTML, and created where the user wants it, of the type that he says", async () => {
    const jfrog = await place();
    const store = await jfrog.open("charts-oci/team/web");
    await expect(store.putBlob(chart.layer)).rejects.toMatchObject({
      code: "repository-missing",
      hint: expect.stringMatching(/local repository charts-oci.*--create-repositories if-missing/),
    });
    await putTinyChart(await jfrog.open("charts-oci/team/web", creating), chart);
    await putTinyChart(await jfrog.open("helm-oci/web", { ...creating, adapterOptions: { packageType: "helmoci" } }), chart);
    expect([...jfrog.setup.emulator.state.repositories]).toEqual([
      ["charts-oci", { type: "oci", rclass: "local" }],
      ["helm-oci", { type: "helmoci", rclass: "local" }],
    ]);
    const generally = await jfrog.open("missing-oci/web", { ...creating, ...knowingNothing });
    await expect(generally.putBlob(chart.layer)).rejects.toMatchObject({ code: "repository-missing" });
  });

  it("are there already where another chart of the same key, or somebody else, was faster", async () => {
    const jfrog = await place();
    jfrog.setup.emulator.faults.push({ method: "PUT", path: /\/api\/repositories\//, act: () => jfrog.key("charts-oci") });
    await putTinyChart(await jfrog.open("charts-oci/team/web", creating), chart);
    expect(lines(jfrog)).toContain("PUT /artifactory/api/repositories/charts-oci 400");
  });

  it("are created by administrators alone: the failure says so", async () => {
    const jfrog = await place({
      more: { deckhand: { secret: "p4ssw0rd", administrator: false, rights: { "charts-oci": ["pull", "push"] } } },
    });
    const store = await jfrog.open("charts-oci/team/web", { ...creating, credential: as("deckhand", "p4ssw0rd") });
    await expect(store.putBlob(chart.layer)).rejects.toMatchObject({
      code: "denied",
      operation: "create repository",
      hint: expect.stringContaining("administrator"),
    });
  });

  it("have catalogues of their own, which are read over all their pages", async () => {
    const jfrog = await place();
    for (const name of ["charts-oci", "more-oci"]) jfrog.key(name);
    const connection = await jfrog.connect();
    for (const path of ["charts-oci/team/db", "charts-oci/team/web", "charts-oci/web", "more-oci/web"])
      await putTinyChart(await connection.openStore(path), chart);
    const listed = async (prefix: string, options: Partial<OpenConnectionOptions> = {}): Promise<string[]> => {
      const found: string[] = [];
      for await (const name of (await jfrog.connect(options)).repositories(prefix)) found.push(name);
      return found;
    };
    expect(await listed("charts-oci/team")).toEqual(["charts-oci/team/db", "charts-oci/team/web"]);
    expect(await listed("")).toHaveLength(4);
    expect(lines(jfrog)).toContain("GET /artifactory/api/oci/charts-oci/v2/_catalog 200");
  });

  it("may be the only thing that a user sees: who is refused at the door still pushes behind it", async () => {
    const confined = { secret: "p4ssw0rd", administrator: false, confined: true, rights: { "charts-oci": ["pull", "push"] } } as const;
    const jfrog = await place({ more: { deckhand: confined } });
    jfrog.key("charts-oci");
    const connection = await jfrog.connect({ credential: as("deckhand", "p4ssw0rd") });
    await expect(connection.ping()).rejects.toMatchObject({ code: "denied", hint: expect.stringContaining("confined") });
    await putTinyChart(await connection.openStore("charts-oci/team/web"), chart);
  });
});

describe("Artifactory's tags", () => {
  it("are refused where they are missing in a virtual repository: that is no refusal of the push", async () => {
    const jfrog = await place();
    jfrog.key("charts-oci", { rclass: "virtual" });
    expect(await (await jfrog.open("charts-oci/team/web")).resolve("1.0.0")).toBeUndefined();
    await expect((await jfrog.open("charts-oci/team/web", knowingNothing)).resolve("1.0.0")).rejects.toMatchObject({ code: "denied" });
  });

  it("come in pages whose Link leads elsewhere, with digests among them", async () => {
    const jfrog = await place();
    jfrog.key("charts-oci", { rclass: "virtual" });
    const small = adapters.map((each) => ({ ...each, traits: { ...each.traits, tagPageSize: 2 } }));
    const store = await jfrog.open("charts-oci/team/web", { adapters: small });
    await putTinyChart(store, chart);
    for (const tag of ["1.1.0", "1.2.0"]) await store.putManifest(tag, chart.manifest);
    expect(await tagsOf(store)).toEqual(["1.0.0", "1.1.0", "1.2.0"]);
    const generally = { ...knowingNothing, adapters: [{ ...generic, traits: { ...generic.traits, tagPageSize: 2 } }] };
    // The page it is led to belongs to no repository, so that the list begins again for as long as it may.
    await expect(tagsOf(await jfrog.open("charts-oci/team/web", generally))).rejects.toMatchObject({ code: "unavailable" });
  });

  it("do not move where the repository blocks that, which Artifactory calls an invalid manifest", async () => {
    const jfrog = await place();
    jfrog.key("charts-oci", { blocksTags: true });
    const store = await jfrog.open("charts-oci/team/web");
    await putTinyChart(store, chart);
    await expect(putTinyChart(store, tinyChart("web", "2025-01-01T00:00:00Z"))).rejects.toMatchObject({
      code: "tag-immutable",
      hint: expect.stringContaining("right to delete or overwrite"),
    });
    const generally = await jfrog.open("charts-oci/team/web", knowingNothing);
    await expect(putTinyChart(generally, chart)).rejects.toMatchObject({ code: "manifest-invalid" });
  });
});

it("takes the bytes of blobs by PATCH alone, where it is old", async () => {
  const jfrog = await place({ patchOnly: true });
  jfrog.key("charts-oci");
  await putTinyChart(await jfrog.open("charts-oci/team/web"), chart);
  expect(lines(jfrog).filter((line) => /^PATCH .* 202$/.test(line))).toHaveLength(2);
  const generally = await jfrog.open("charts-oci/team/web", knowingNothing);
  await expect(generally.putBlob(tinyChart("db").layer)).rejects.toMatchObject({ code: "read-only", status: 405 });
});

it("is known by what its answers say where its host does not tell", async () => {
  const jfrog = await place({ host: "artifactory.example.org" });
  jfrog.key("charts-oci");
  const connection = await jfrog.connect(
    {},
    { auths: { "artifactory.example.org": { username: "ferry", password: "the identity token of the ferry" } } },
  );
  expect(connection.adapter).toBe("jfrog");
  await putTinyChart(await connection.openStore("charts-oci/team/web"), chart);
});
