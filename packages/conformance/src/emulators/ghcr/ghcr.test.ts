import { adapters, generic, ghcr } from "@chartferry/adapters";
import { bytesContent, type ChartStore, type Connection, type OpenConnectionOptions, systemClock } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { type OpenPlace, openPlace, putTinyChart, tinyChart } from "../testing/open-place.ts";
import { ghcrSetup } from "./ghcr-setup.ts";

const place = () => openPlace(ghcrSetup);
type Place = OpenPlace<Awaited<ReturnType<typeof ghcrSetup>>>;
const chart = tinyChart("web");
const name = "contoso/charts/web";

const signedInWith = (password: string): Partial<OpenConnectionOptions> => ({
  credential: { kind: "basic", username: "harbourmaster", password, source: "--username" },
});

/** Somebody with a good token in hand, who knows nothing of GHCR. */
const knowingNothing: Partial<OpenConnectionOptions> = { adapters: [generic], ...signedInWith("ghp_OfTheHarbourMaster") };

async function listed(connection: Connection, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const each of connection.repositories(prefix)) found.push(each);
  return found;
}

async function tagsOf(store: ChartStore): Promise<string[]> {
  const found: string[] = [];
  for await (const tag of store.tags()) found.push(tag);
  return found;
}

describe("GHCR's sign-in", () => {
  it("asks for the repository itself, not for the placeholder that the challenge to /v2/ names", async () => {
    const { setup, connect, open } = await place();
    await (await connect()).ping();
    await putTinyChart(await open("web"), chart);
    const scopes = setup.emulator.log.flatMap(({ path, query }) => (path === "/token" ? [query.getAll("scope")] : []));
    expect(scopes).toEqual([["repository:user/image:pull"], [`repository:${name}:pull,push`]]);
  });

  it.each(["GITHUB_TOKEN", "GH_TOKEN"])("takes %s where nobody has logged in, and a login goes before it", async (variable) => {
    const { connect, setup } = await place();
    const environment = { [variable]: "ghs_OfAWorkflow" };
    const store = await (await connect({}, { environment })).openStore(name);
    await putTinyChart(store, chart);
    await (
      await connect({}, { ...setup.user, environment: { [variable]: "ghp_OfSomebodyElse" } })
    )
      .openStore(name)
      .then((own) => putTinyChart(own, chart));
    const elsewhere = await connect({}, { environment: { ...environment, GITHUB_SERVER_URL: "https://contoso.ghe.com" } });
    await expect(elsewhere.openStore(name).then((none) => none.putBlob(chart.layer))).rejects.toMatchObject({ code: "denied-or-missing" });
    const generally = await connect({ adapters: [generic] }, { environment });
    await expect(generally.openStore(name).then((none) => none.putBlob(chart.layer))).rejects.toMatchObject({ code: "denied" });
  });

  it("passes over a token that has expired, which GHCR refuses even where nobody needs one", async () => {
    const ours = await place();
    await putTinyChart(await ours.open("web"), chart);
    ours.setup.emulator.state.packages.set(name, { isPublic: true, linked: true });
    const reading = { end: "source", clock: systemClock } as const;
    expect(await (await ours.open("web", reading, ours.setup.stranger)).resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
    const generally = ours.open("web", { ...reading, adapters: [generic] }, ours.setup.stranger);
    await expect(generally.then((store) => store.fetchManifest("1.0.0"))).rejects.toMatchObject({ code: "denied", operation: "sign in" });
    const pushing = ours.open("web", {}, ours.setup.stranger);
    await expect(pushing.then((store) => putTinyChart(store, chart))).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("says of a fine-grained token that GHCR does not take it", async () => {
    const { open } = await place();
    const refused = { code: "unauthenticated", hint: expect.stringContaining("github_pat_") };
    await expect((await open("web", signedInWith("github_pat_OfTheHarbourMaster"))).putBlob(chart.layer)).rejects.toMatchObject(refused);
    const generally = await open("web", { ...signedInWith("github_pat_OfTheHarbourMaster"), adapters: [generic] });
    await expect(generally.putBlob(chart.layer)).rejects.toMatchObject({ code: "denied" });
  });

  it("is renewed when the registry's token has expired", async () => {
    const { open, setup, asked } = await place();
    const store = await open("web", { clock: systemClock });
    await putTinyChart(store, chart);
    setup.expire?.();
    expect(await store.resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
    expect(asked().slice(-3)).toEqual([`HEAD /v2/${name}/manifests/1.0.0 401`, "GET /token 200", `HEAD /v2/${name}/manifests/1.0.0 200`]);
  });
});

describe("GHCR's packages", () => {
  it("that are not linked to the repository whose workflow pushes are named with what to do", async () => {
    const { open, setup } = await place();
    setup.emulator.state.packages.set(name, { isPublic: false, linked: false });
    const refused = { code: "denied", status: 403, hint: expect.stringContaining("Manage Actions access") };
    await expect((await open("web", signedInWith("ghs_OfAWorkflow"))).putBlob(chart.layer)).rejects.toMatchObject(refused);
  });

  it.each([
    ["contoso", "an organisation's"],
    ["harbourmaster", "a user's"],
  ])("of %s (%s) are listed by the REST API, over all its pages", async (owner) => {
    const { connect, setup } = await place();
    const names = Array.from({ length: 101 }, (_, index) => `${owner}/charts/web-${String(index).padStart(3, "0")}`);
    for (const each of [...names, `${owner}/images/web`]) setup.emulator.state.packages.set(each, { isPublic: false, linked: true });
    expect(await listed(await connect(), `${owner}/charts`)).toEqual(names);
    expect(await listed(await connect(signedInWith("ghp_OfSomebodyElse")), owner)).toEqual([]);
    await expect(listed(await connect({}, {}), owner)).rejects.toMatchObject({ code: "unauthenticated" });
    await expect(listed(await connect(knowingNothing), owner)).rejects.toMatchObject({ code: "unsupported" });
  });

  it("are deleted elsewhere, which the capabilities say", async () => {
    const { open } = await place();
    const store = await open("web");
    await putTinyChart(store, chart);
    for (const reference of ["1.0.0", chart.manifest.digest])
      await expect(store.deleteManifest(reference)).rejects.toMatchObject({ code: "unsupported" });
    expect(ghcr.capabilities["delete-manifest"]).toContain("REST API");
  });
});

/** With tags 1.0.0, 2.0.0 … in the order of their push, the last of them the smallest by name. */
async function withTags(open: Place["open"]): Promise<ChartStore> {
  const store = await open("web");
  await putTinyChart(store, chart);
  for (const tag of ["2.0.0", "10.0.0", "0.9.0"]) await store.putManifest(tag, chart.manifest);
  return store;
}

describe("what core does for everybody, at GHCR", () => {
  it("reads all pages of the tags, which come oldest first", async () => {
    const { open, asked } = await place();
    await withTags(open);
    const small = adapters.map((each) => (each.id === "ghcr" ? { ...each, traits: { ...each.traits, tagPageSize: 3 } } : each));
    expect(await tagsOf(await open("web", { adapters: small }))).toEqual(["1.0.0", "2.0.0", "10.0.0", "0.9.0"]);
    expect(asked().filter((line) => line.includes("tags/list") && line.endsWith("200"))).toHaveLength(2);
  });

  it("does not follow the redirect of the referrers API to GitHub's web site, which answers 429", async () => {
    const { open, setup } = await place();
    const store = await withTags(open);
    const found: unknown[] = [];
    for await (const each of store.referrers(chart.manifest.digest)) found.push(each);
    expect(found).toEqual([]);
    expect(setup.emulator.log.filter(({ host }) => host === "github.com")).toEqual([]);
  });

  it("sends a blob whole, where a piece of more than 4 MiB would be refused", async () => {
    const { open, asked } = await place();
    const bytes = new Uint8Array(5 * 1024 * 1024);
    await (await open("web")).putBlob(bytesContent(bytes));
    expect(asked().filter((line) => /^(PATCH|PUT)/.test(line))).toEqual([expect.stringMatching(/^PUT .* 201$/)]);
  });

  it("fetches the bytes of blobs from another host without the token", async () => {
    const { open, setup } = await place();
    const store = await withTags(open);
    const parts: Uint8Array[] = [];
    for await (const part of store.fetchBlob({ ...chart.layerDescriptor })) parts.push(part);
    expect(Buffer.concat(parts).toString()).toBe("the archive of web");
    expect(setup.emulator.log.at(-1)).toMatchObject({ host: "pkg-containers.githubusercontent.com", authorization: undefined });
  });
});
