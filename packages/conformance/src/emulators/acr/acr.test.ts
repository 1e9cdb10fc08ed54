import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { adapters, generic } from "@chartferry/adapters";
import { type ChartStore, type Credential, type OpenConnectionOptions, systemClock } from "@chartferry/core";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { openPlace, putTinyChart, tinyChart } from "../testing/open-place.ts";
import { type AcrSetup, acrSetup } from "./acr-setup.ts";
import type { AcrOptions } from "./acr-state.ts";

const place = (options: Partial<AcrOptions> = {}) => openPlace(() => acrSetup(options));
const chart = tinyChart("web");
const admin: Credential = { kind: "basic", username: "contoso", password: "the admin's password", source: "--username" };
const knowingNothing: Partial<OpenConnectionOptions> = { adapters: [generic], credential: admin };

type Place = Awaited<ReturnType<typeof place>>;

function hostsAsked({ setup: { emulator } }: Place): string[] {
  return emulator.log.map(({ host, method, path, status }) => `${method} ${host}${path} ${status}`);
}

function tokenRequests({ setup: { emulator } }: Place): number {
  return emulator.log.filter(({ path }) => path === "/oauth2/token").length;
}

/** A file as the platform mounts it into a pod. */
function projectedToken({ projected }: AcrSetup): string {
  const folder = mkdtempSync(join(tmpdir(), "chartferry-acr-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "token"), projected);
  return join(folder, "token");
}

describe("sign-in at ACR", () => {
  it("exchanges a token of Entra ID, by a client secret, for one of the registry and that for one of the repository", async () => {
    const acr = await place();
    const store = await acr.open("web");
    expect(await store.resolve("1.0.0")).toBeUndefined();
    expect(hostsAsked(acr).filter((line) => !line.includes(".well-known"))).toEqual([
      `HEAD ${acr.setup.registry}/v2/charts/web/manifests/1.0.0 401`,
      expect.stringMatching(/^POST login\.microsoftonline\.com\/.*\/oauth2\/v2\.0\/token 200$/),
      `GET ${acr.setup.registry}/v2/ 401`,
      `POST ${acr.setup.registry}/oauth2/exchange 200`,
      `POST ${acr.setup.registry}/oauth2/token 200`,
      `HEAD ${acr.setup.registry}/v2/charts/web/manifests/1.0.0 404`,
    ]);
    await expect((await acr.open("web", { adapters: [generic] })).putBlob(chart.layer)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("takes the token that a cluster projects (workload identity)", async () => {
    const acr = await place();
    const workload = acr.setup.workload(projectedToken(acr.setup));
    await putTinyChart(await acr.open("web", {}, workload), chart);
    expect(acr.setup.emulator.log.filter(({ host, status }) => host.startsWith("login.") && status !== 200)).toEqual([]);
  });

  it("takes the machine's own identity", async () => {
    const acr = await place();
    await putTinyChart(await acr.open("web", {}, acr.setup.machine), chart);
    expect(acr.setup.emulator.log.filter(({ host }) => host.startsWith("login."))).toEqual([]);
  });

  it("goes to the Entra ID of the cloud that the host name tells, or to that of AZURE_AUTHORITY_HOST", async () => {
    const china = await place({ cloud: "cn", authority: "login.partner.microsoftonline.cn" });
    await (await china.open("web")).resolve("1.0.0");
    expect(hostsAsked(china)).toContainEqual(expect.stringMatching(/^POST login\.partner\.microsoftonline\.cn\/.* 200$/));
    const named = await place({ authority: "login.microsoftonline.us" });
    for (const who of [named.setup.user, named.setup.workload(projectedToken(named.setup))]) {
      const environment = { ...who.environment, AZURE_AUTHORITY_HOST: "https://login.microsoftonline.us" };
      await (await named.open("web", {}, { environment })).resolve("1.0.0");
    }
    expect(hostsAsked(named).filter((line) => /^POST login\.microsoftonline\.us\/.* 200$/.test(line))).toHaveLength(2);
  });

  it("that is configured and wrong is an error of its own, and never goes on as nobody", async () => {
    const acr = await place({ anonymousPull: true });
    const store = await acr.open("web", { end: "source" }, acr.setup.stranger);
    await expect(store.resolve("1.0.0")).rejects.toMatchObject({
      code: "credentials-unavailable",
      message: expect.stringContaining("AADSTS7000215"),
      hint: expect.stringContaining("az login"),
    });
    vi.unstubAllEnvs();
    const broken = { environment: { ...acr.setup.machine.environment, IDENTITY_HEADER: "another machine's" } };
    // The library remembers the token of an identity and audience for the whole process.
    const adapterOptions = { audience: "https://management.azure.com" };
    const onMachine = await acr.open("web", { end: "source", adapterOptions }, broken);
    await expect(onMachine.resolve("1.0.0")).rejects.toMatchObject({ code: "credentials-unavailable" });
  });

  it("of somebody whom Entra ID knows and the registry does not is refused by the registry", async () => {
    const acr = await place({ applications: new Map([["somebody-else", { secret: "theirs", may: undefined }]]) });
    const unknown = { environment: { ...acr.setup.user.environment, AZURE_CLIENT_ID: "somebody-else", AZURE_CLIENT_SECRET: "theirs" } };
    await expect((await acr.open("web", {}, unknown)).resolve("1.0.0")).rejects.toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining("the Azure credential chain"),
    });
  });

  it("takes the admin user, a service principal and a token with a scope map as user and password", async () => {
    const acr = await place();
    await putTinyChart(await acr.open("web", { credential: admin }), chart);
    const { AZURE_CLIENT_ID: username = "", AZURE_CLIENT_SECRET: password = "" } = acr.setup.user.environment ?? {};
    await putTinyChart(await acr.open("web", { credential: { kind: "basic", username, password, source: "--username" } }), chart);
    const mapped: Credential = { kind: "basic", username: "web-pusher", password: "the password of a token", source: "--username" };
    await putTinyChart(await acr.open("web", { credential: mapped }), chart);
    await expect((await acr.open("db", { credential: mapped })).putBlob(chart.layer)).rejects.toMatchObject({ code: "denied" });
    const wrong: Credential = { ...mapped, password: "guessed" };
    await expect((await acr.open("web", { credential: wrong })).putBlob(chart.layer)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("prefers the token where the challenge offers Basic as well, which the registry itself would refuse", async () => {
    const acr = await place({ alsoBasic: true });
    await putTinyChart(await acr.open("web", { credential: admin }), chart);
    expect(
      acr.setup.emulator.log.filter(({ authorization, path }) => path.startsWith("/v2/") && authorization?.startsWith("Basic") === true),
    ).toEqual([]);
  });

  it("is not needed to read where the registry lets everybody pull", async () => {
    const acr = await place({ anonymousPull: true });
    await putTinyChart(await acr.open("web"), chart);
    const nobody = { environment: { AZURE_TOKEN_CREDENTIALS: "" } };
    const options = {
      end: "source",
      adapters: adapters.map((each) => (each.id === "acr" ? { ...each, credentials: () => ({}) } : each)),
    } as const;
    expect(await (await acr.open("web", options, nobody)).resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
    await expect((await acr.open("web", { ...options, end: "target" }, nobody)).putBlob(tinyChart("x").layer)).rejects.toMatchObject({
      code: "unauthenticated",
    });
  });
});

describe("ACR's tokens", () => {
  it("tell their life themselves, for the reply does not: one serves for an hour", async () => {
    const acr = await place();
    for (const [options, wanted] of [
      [{ credential: admin }, 1],
      [knowingNothing, 2],
    ] as const) {
      const store = await acr.open("web", options);
      const before = tokenRequests(acr);
      await store.resolve("1.0.0");
      acr.setup.emulator.clock.advance(5 * 60_000);
      await store.resolve("1.0.0");
      expect(tokenRequests(acr) - before).toBe(wanted);
    }
  });

  it("are renewed when both have ended, the registry's own included", async () => {
    const acr = await place();
    // By its own clock the client has no reason to think that time has passed.
    const store = await acr.open("web", { clock: systemClock });
    await putTinyChart(store, chart);
    acr.setup.expire?.();
    expect(await store.resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
    expect(hostsAsked(acr).filter((line) => line.includes("/oauth2/"))).toEqual([
      expect.stringContaining("/oauth2/v2.0/token 200"),
      expect.stringContaining("/oauth2/exchange 200"),
      expect.stringContaining("/oauth2/token 200"),
      expect.stringContaining("/oauth2/token 401"),
      expect.stringContaining("/oauth2/v2.0/token 200"),
      expect.stringContaining("/oauth2/exchange 200"),
      expect.stringContaining("/oauth2/token 200"),
    ]);
  });
});

async function tagsOf(store: ChartStore): Promise<string[]> {
  const found: string[] = [];
  for await (const tag of store.tags()) found.push(tag);
  return found;
}

describe("ACR's repositories", () => {
  it("take uploads at an address whose parameters must come back", async () => {
    const acr = await place();
    await putTinyChart(await acr.open("web"), chart);
    const puts = acr.setup.emulator.log.filter(({ method, path }) => method === "PUT" && path.includes("/blobs/uploads/"));
    expect(puts.map(({ query, status }) => [[...query.keys()], status])).toEqual([
      [["_nouploadcache", "_state", "digest"], 201],
      [["_nouploadcache", "_state", "digest"], 201],
    ]);
  });

  it("list their tags in pages whose links have an empty parameter, and are listed themselves", async () => {
    const acr = await place();
    const store = await acr.open("web");
    await putTinyChart(store, chart);
    for (const tag of ["1.0.1", "1.0.2", "1.0.3", "1.0.4"]) await store.putManifest(tag, chart.manifest);
    const small = adapters.map((each) => (each.id === "acr" ? { ...each, traits: { ...each.traits, tagPageSize: 2 } } : each));
    expect(await tagsOf(await acr.open("web", { adapters: small }))).toEqual(["1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.0.4"]);
    expect(acr.setup.emulator.log.filter(({ query }) => query.get("orderby") === "")).toHaveLength(2);
    const found: string[] = [];
    for await (const name of (await acr.connect()).repositories("charts")) found.push(name);
    expect(found).toEqual(["charts/web"]);
  });

  it("lose a tag alone when it is deleted", async () => {
    const acr = await place();
    const store = await acr.open("web");
    await putTinyChart(store, chart);
    await store.putManifest("stable", chart.manifest);
    expect([await store.deleteManifest("1.0.0"), await store.deleteManifest("1.0.0")]).toEqual([true, false]);
    expect([await store.resolve("1.0.0"), await store.resolve("stable")]).toMatchObject([undefined, { digest: chart.manifest.digest }]);
  });

  it("may be locked, tag by tag or whole", async () => {
    const acr = await place();
    const { locked } = acr.setup.emulator.state;
    const store = await acr.open("web");
    await putTinyChart(store, chart);
    locked.add("charts/web:1.0.0");
    const moved = tinyChart("web", "2025-01-01T00:00:00Z");
    await expect(putTinyChart(store, moved)).rejects.toMatchObject({
      code: "tag-immutable",
      hint: expect.stringContaining("az acr repository show"),
    });
    await expect(store.deleteManifest("1.0.0")).rejects.toMatchObject({ code: "tag-immutable" });
    await expect(putTinyChart(await acr.open("web", knowingNothing), moved)).rejects.toMatchObject({ code: "unsupported" });
    locked.add("charts/web");
    const another = tinyChart("another");
    await expect(store.putBlob(another.layer)).rejects.toMatchObject({
      code: "read-only",
      hint: expect.stringContaining("--write-enabled true"),
    });
    await expect((await acr.open("web", knowingNothing)).putBlob(another.layer)).rejects.toMatchObject({ code: "unsupported" });
  });

  it.each([false, true])(
    "give the bytes of blobs from another host, which refuses an Authorization (dedicated data endpoint: %s)",
    async (dataEndpoint) => {
      const acr = await place({ dataEndpoint });
      const store = await acr.open("web");
      await putTinyChart(store, chart);
      const parts: Uint8Array[] = [];
      for await (const part of store.fetchBlob({ ...chart.layerDescriptor })) parts.push(part);
      expect(Buffer.concat(parts).toString()).toBe("the archive of web");
      const host = dataEndpoint ? "contoso.westeurope.data.azurecr.io" : expect.stringMatching(/\.blob\.core\.windows\.net$/);
      expect(acr.setup.emulator.log.at(-1)).toMatchObject({ host, authorization: undefined, status: 200 });
    },
  );
});
