import { generic } from "@chartferry/adapters";
import { type ChartStore, type Connection, type OpenConnectionOptions, systemClock } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { openPlace, putTinyChart, tinyChart } from "../testing/open-place.ts";
import { quayAtHomeSetup, quaySetup } from "./quay-setup.ts";

const name = "contoso/web";
const chart = tinyChart("web");

const place = () => openPlace(() => quaySetup());

const signedInWith = (username: string, password: string): Partial<OpenConnectionOptions> => ({
  credential: { kind: "basic", username, password, source: "--username" },
});

/** Somebody with a good token in hand, who knows nothing of Quay. */
const knowingNothing: Partial<OpenConnectionOptions> = {
  adapters: [generic],
  ...signedInWith("contoso+ferry", "ROBOT-TOKEN-OF-THE-FERRY"),
};

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

/** Tokens asked for in all, where two minutes pass between a push and a question. */
async function tokensAfter(options: Partial<OpenConnectionOptions>): Promise<number> {
  const { open, setup } = await place();
  const store = await open("web", options);
  await putTinyChart(store, chart);
  setup.emulator.clock.advance(120_000);
  await store.resolve("1.0.0");
  return setup.emulator.log.filter(({ path }) => path === "/v2/auth").length;
}

describe("Quay's sign-in", () => {
  it.each([
    ["quay.io", () => quaySetup()],
    ["somebody's own", quayAtHomeSetup],
  ])("is known for what it is (%s)", async (_, start) => {
    const { connect, asked } = await openPlace(start);
    const connection = await connect();
    await connection.ping();
    expect(connection.adapter).toBe("quay");
    expect(asked().slice(-3)).toEqual(["GET /v2/ 401", "GET /v2/auth 200", "GET /v2/ 200"]);
  });

  it("lasts an hour, which stands in the token alone", async () => {
    expect([await tokensAfter({}), await tokensAfter(knowingNothing)]).toEqual([1, 2]);
  });

  it("is renewed when that hour is over", async () => {
    const { open, setup, asked } = await place();
    const store = await open("web", { clock: systemClock });
    await putTinyChart(store, chart);
    setup.expire?.();
    expect(await store.resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
    expect(asked().slice(-3)).toEqual([`HEAD /v2/${name}/manifests/1.0.0 401`, "GET /v2/auth 200", `HEAD /v2/${name}/manifests/1.0.0 200`]);
  });

  it("is told apart from a missing right: a wrong token is refused by the token service", async () => {
    const { open, setup } = await place();
    await expect((await open("web", {}, setup.stranger)).putBlob(chart.layer)).rejects.toMatchObject({
      code: "unauthenticated",
      operation: "sign in",
    });
  });
});

describe("Quay's repositories", () => {
  it("are made while the token to push to them is given: the first request asks for that right", async () => {
    const { open, setup } = await place();
    const store = await open("web");
    expect(await store.resolve("1.0.0")).toBeUndefined();
    expect(setup.emulator.state.repositories).toEqual(new Set([name]));
    await putTinyChart(store, chart);
    const scopes = setup.emulator.log.flatMap(({ path, query }) => (path === "/v2/auth" ? query.getAll("scope") : []));
    expect(scopes).toEqual([`repository:${name}:pull,push`]);
  });

  it("are not made by who only looks: what is not there then is not refused for the password", async () => {
    const { open, setup } = await place();
    const looking = { readOnly: true, clock: systemClock };
    await expect(tagsOf(await open("web", looking))).rejects.toMatchObject({ code: "denied-or-missing" });
    await expect(tagsOf(await open("web", { ...looking, ...knowingNothing }))).rejects.toMatchObject({ code: "unauthenticated" });
    expect(setup.emulator.state.repositories.size).toBe(0);
  });

  it.each([
    ["an organisation that does not exist", "nobody-has-it/web", "contoso+ferry", "ROBOT-TOKEN-OF-THE-FERRY"],
    ["somebody else's organisation", "fabrikam/web", "contoso+ferry", "ROBOT-TOKEN-OF-THE-FERRY"],
    ["a robot that may not create any", name, "contoso+reader", "ROBOT-TOKEN-OF-A-READER"],
  ])("need the right to create them: %s", async (...[, repository, user, password]) => {
    const { connect } = await place();
    const refused = { code: "denied-or-missing", status: 401, hint: expect.stringContaining("organisation exists") };
    const push = async (options: Partial<OpenConnectionOptions>) =>
      (await (await connect(options)).openStore(repository)).putBlob(chart.layer);
    await expect(push(signedInWith(user, password))).rejects.toMatchObject(refused);
    await expect(push({ ...signedInWith(user, password), adapters: [generic] })).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("may not be nested everywhere", async () => {
    const { open } = await openPlace(quayAtHomeSetup);
    const refused = { code: "name-invalid", hint: expect.stringContaining("oci://HOST/ORGANISATION") };
    await expect((await open("charts/web")).putBlob(chart.layer)).rejects.toMatchObject(refused);
    await putTinyChart(await (await place()).open("charts/web"), chart);
  });

  it("are listed without a scope, over all pages, each with a cursor of Quay's own", async () => {
    const { connect, setup } = await place();
    const names = Array.from({ length: 250 }, (_, index) => `contoso/charts/web-${String(index).padStart(3, "0")}`);
    for (const each of [...names, "contoso/images", "fabrikam/web"]) setup.emulator.state.repositories.add(each);
    expect(await listed(await connect(), "contoso/charts")).toEqual(names);
    await expect(listed(await connect(knowingNothing), "contoso")).rejects.toMatchObject({ code: "protocol-violation", status: 400 });
  });
});

describe("Quay's deletions", () => {
  it("are asked for with the right to push: the token service knows no other", async () => {
    const { open } = await place();
    const store = await open("web");
    await putTinyChart(store, chart);
    await store.putManifest("2.0.0", chart.manifest);
    await expect((await open("web", knowingNothing)).deleteManifest("1.0.0")).rejects.toMatchObject({
      code: "protocol-violation",
      operation: "sign in",
    });
    expect([await store.deleteManifest("1.0.0"), await store.deleteManifest("1.0.0")]).toEqual([true, false]);
    expect(await store.deleteManifest(chart.manifest.digest)).toBe(true);
  });
});

describe("what core does for everybody, at Quay", () => {
  it("reads all pages of the tags, which have 100 entries whatever is asked for, by links with a host", async () => {
    const { open, asked } = await place();
    const store = await open("web");
    await putTinyChart(store, chart);
    const tags = Array.from({ length: 150 }, (_, index) => `1.0.${index}`);
    await Promise.all(tags.map((tag) => store.putManifest(tag, chart.manifest)));
    expect((await tagsOf(store)).toSorted()).toEqual(tags.toSorted());
    expect(asked().filter((line) => line.includes("tags/list"))).toHaveLength(2);
  });

  it("takes 409 for an immutable tag, 403 for a quota and 405 for an organisation that takes no writes", async () => {
    const { open, setup } = await place();
    const { state } = setup.emulator;
    await putTinyChart(await open("web"), chart);
    setup.makeImmutable?.([name]);
    await expect(putTinyChart(await open("web"), tinyChart("web", "2025-01-01T00:00:00Z"))).rejects.toMatchObject({
      code: "tag-immutable",
    });
    state.full.add("contoso");
    await expect((await open("web")).putBlob(chart.layer)).rejects.toMatchObject({ code: "quota-exceeded" });
    state.readOnly.add("contoso");
    await expect((await open("web")).putBlob(chart.layer)).rejects.toMatchObject({ code: "read-only" });
  });

  it("sends a blob in one request", async () => {
    const { open, asked } = await place();
    await (await open("web")).putBlob(chart.layer);
    expect(asked().at(-1)).toBe(`POST /v2/${name}/blobs/uploads/ 201`);
  });

  it("fetches the bytes of blobs from another host without the token", async () => {
    const { open, setup } = await place();
    const store = await open("web");
    await putTinyChart(store, chart);
    const parts: Uint8Array[] = [];
    for await (const part of store.fetchBlob({ ...chart.layerDescriptor })) parts.push(part);
    expect(Buffer.concat(parts).toString()).toBe("the archive of web");
    expect(setup.emulator.log.at(-1)).toMatchObject({ host: "cdn01.quay.io", authorization: undefined });
  });
});
