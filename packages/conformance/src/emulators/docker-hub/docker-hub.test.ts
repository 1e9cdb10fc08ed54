import { dockerHub, generic } from "@chartferry/adapters";
import { type Connection, type OpenConnectionOptions, systemClock } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { type OpenPlace, openPlace, putTinyChart, tinyChart } from "../testing/open-place.ts";
import { dockerHubSetup } from "./docker-hub-setup.ts";

const place = () => openPlace(dockerHubSetup);
type Place = OpenPlace<Awaited<ReturnType<typeof dockerHubSetup>>>;
const chart = tinyChart("web");

/** Somebody with a good password in hand, who knows nothing of Docker Hub. */
const knowingNothing: Partial<OpenConnectionOptions> = {
  adapters: [generic],
  credential: { kind: "basic", username: "harbourmaster", password: "dckr_pat_of-the-harbour-master", source: "--username" },
};

/** A repository anywhere within the registry, not only below the setup's target. */
const storeAt = async (hub: Place, repository: string, options?: Partial<OpenConnectionOptions>) =>
  (await hub.connect(options)).openStore(repository);

describe("Docker Hub's sign-in", () => {
  it("asks the token service on its own host with the login that every tool keeps under one key", async () => {
    const hub = await place();
    const connection = await hub.connect();
    await connection.ping();
    expect(connection.adapter).toBe("docker-hub");
    expect(hub.setup.emulator.log.map(({ host, method, path, status }) => `${method} ${host}${path} ${status}`)).toEqual([
      "GET registry-1.docker.io/v2/ 401",
      "GET auth.docker.io/token 200",
      "GET registry-1.docker.io/v2/ 200",
    ]);
  });

  it("serves the name that users know, behind which no registry answers", async () => {
    const hub = await place();
    await (await hub.connect({ registry: "docker.io" })).ping();
    const other = await hub.connect({ ...knowingNothing, registry: "docker.io" });
    await expect(other.ping()).rejects.toMatchObject({ code: "unsupported" });
  });

  it("is told apart from a missing right: a wrong token is refused by the token service", async () => {
    const hub = await place();
    const store = await hub.open("web", {}, hub.setup.stranger);
    await expect(store.putBlob(chart.layer)).rejects.toMatchObject({ code: "unauthenticated", operation: "sign in" });
  });

  it("is renewed when its five minutes are over, whatever the client's clock says", async () => {
    const hub = await place();
    const store = await hub.open("web", { clock: systemClock });
    await putTinyChart(store, chart);
    hub.setup.expire?.();
    expect(await store.resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
    expect(hub.asked().slice(-2)).toEqual(["HEAD /v2/contoso/web/manifests/1.0.0 401", "HEAD /v2/contoso/web/manifests/1.0.0 200"]);
  });
});

describe("Docker Hub's namespaces", () => {
  it.each(["web", "contoso/charts/web"])("have exactly one level (%s): known before anything is asked", async (repository) => {
    const hub = await place();
    expect((await hub.connect()).nameProblems(repository)).toMatchObject([{ text: expect.stringContaining("docker-hub wants") }]);
    expect(hub.setup.emulator.log).toEqual([]);
    await expect((await storeAt(hub, repository, knowingNothing)).putBlob(chart.layer)).rejects.toMatchObject({ code: "denied" });
  });

  it.each(["nobody-has-it", "fabrikam"])(
    "that are missing or somebody else's (%s) look alike, and not like a wrong password",
    async (namespace) => {
      const hub = await place();
      const failure = { code: "denied-or-missing", hint: expect.stringContaining("namespace"), status: 401 };
      await expect((await storeAt(hub, `${namespace}/web`)).putBlob(chart.layer)).rejects.toMatchObject(failure);
      await expect((await storeAt(hub, `${namespace}/web`, knowingNothing)).putBlob(chart.layer)).rejects.toMatchObject({ code: "denied" });
    },
  );

  it("are listed by the management API over all its pages, what is private included", async () => {
    const hub = await place();
    const connection = await hub.connect();
    const names = Array.from({ length: 101 }, (_, index) => `contoso/web-${String(index).padStart(3, "0")}`);
    for (const name of [...names, "harbourmaster/web"]) hub.setup.emulator.state.empty.add(name);
    hub.setup.emulator.state.hidden.add("contoso/web-007");
    expect((await listed(connection, "contoso")).toSorted()).toEqual(names);
    expect(await listed(connection, "contoso/web-042")).toEqual(["contoso/web-042"]);
    await expect(listed(await hub.connect(knowingNothing), "contoso")).rejects.toMatchObject({ code: "denied" });
    await expect(listed(connection, "")).rejects.toMatchObject({ code: "usage" });
    await expect(listed(await hub.connect({}, hub.setup.stranger), "contoso")).rejects.toMatchObject({ code: "unauthenticated" });
    expect(await listed(await hub.connect({}, {}), "contoso")).not.toContain("contoso/web-007");
  });
});

async function listed(connection: Connection, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const name of connection.repositories(prefix)) found.push(name);
  return found;
}

describe("Docker Hub's tags", () => {
  it("do not move where the repository says so", async () => {
    const hub = await place();
    hub.setup.makeImmutable?.(["contoso/web"]);
    await putTinyChart(await hub.open("web"), chart);
    const other = tinyChart("web", "2025-01-01T00:00:00Z");
    await expect(putTinyChart(await hub.open("web"), other)).rejects.toMatchObject({ code: "tag-immutable", status: 403 });
    await expect(putTinyChart(await hub.open("web", knowingNothing), other)).rejects.toMatchObject({ code: "denied" });
  });

  it("keep their manifest from being deleted, and are not deleted by the registry at all", async () => {
    const hub = await place();
    const store = await hub.open("web");
    await putTinyChart(store, chart);
    await expect(store.deleteManifest("1.0.0")).rejects.toMatchObject({ code: "unsupported" });
    const refused = { code: "denied", hint: expect.stringContaining("tags that name it") };
    await expect(store.deleteManifest(chart.manifest.digest)).rejects.toMatchObject(refused);
    expect(dockerHub.capabilities["delete-tag"]).toContain("by digest alone");
  });

  it("are resolved with HEAD, which is free: the pull limit counts GET", async () => {
    const hub = await place();
    const store = await hub.open("web");
    await putTinyChart(store, chart);
    hub.setup.emulator.state.pulls.set("harbourmaster", 199);
    for (let round = 0; round < 5; round++) expect(await store.resolve("1.0.0")).toBeDefined();
    expect(await store.fetchManifest("1.0.0")).toBeDefined();
    const impatient = await hub.open("web", { maxWaitMs: 1 });
    await expect(impatient.fetchManifest("1.0.0")).rejects.toMatchObject({ code: "rate-limited" });
  });
});

it("gives the bytes of blobs from another host, which refuses an Authorization", async () => {
  const hub = await place();
  const store = await hub.open("web");
  await putTinyChart(store, chart);
  const parts: Uint8Array[] = [];
  for await (const part of store.fetchBlob({ ...chart.layerDescriptor })) parts.push(part);
  expect(Buffer.concat(parts).toString()).toBe("the archive of web");
  expect(hub.setup.emulator.log.at(-1)).toMatchObject({ host: "production.cloudflare.docker.com", authorization: undefined, status: 200 });
});
