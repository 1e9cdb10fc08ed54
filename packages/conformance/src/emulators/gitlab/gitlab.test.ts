import { adapters, generic, gitlab } from "@chartferry/adapters";
import { type Connection, type OpenConnectionOptions, systemClock } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { openPlace, putTinyChart, tinyChart } from "../testing/open-place.ts";
import { gitlabAtHomeSetup, gitlabSetup } from "./gitlab-setup.ts";
import { plainProject } from "./gitlab-state.ts";

const project = "contoso/platform";
const name = `${project}/web`;
const chart = tinyChart("web");

const empty = () => openPlace(() => gitlabSetup());

/** With its project there. */
async function place() {
  const ours = await empty();
  ours.setup.prepare([name]);
  return ours;
}

const signedInWith = (username: string, password: string): Partial<OpenConnectionOptions> => ({
  credential: { kind: "basic", username, password, source: "--username" },
});

/** Somebody with a good token in hand, who knows nothing of GitLab. */
const knowingNothing: Partial<OpenConnectionOptions> = {
  adapters: [generic],
  ...signedInWith("harbourmaster", "glpat-OfTheHarbourMaster"),
};

async function listed(connection: Connection, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const each of connection.repositories(prefix)) found.push(each);
  return found;
}

/** Tokens asked for in all, where two minutes pass between a push and a question. */
async function tokensAfter(options: Partial<OpenConnectionOptions>): Promise<number> {
  const { open, setup } = await place();
  const store = await open("web", options);
  await putTinyChart(store, chart);
  setup.emulator.clock.advance(120_000);
  await store.resolve("1.0.0");
  return setup.emulator.log.filter(({ path }) => path === "/jwt/auth").length;
}

describe("GitLab's sign-in", () => {
  it.each([
    ["gitlab.com", () => gitlabSetup()],
    ["somebody's own", gitlabAtHomeSetup],
  ])("is known for what it is (%s), and leads to the token service on GitLab's own host", async (_, start) => {
    const { setup, connect } = await openPlace(start);
    const connection = await connect();
    await connection.ping();
    expect(connection.adapter).toBe("gitlab");
    expect(setup.emulator.log.at(-2)).toMatchObject({ host: setup.emulator.state.gitlabHost, path: "/jwt/auth", status: 200 });
  });

  it("takes what a job has for its own GitLab where nobody has logged in, and passes over what is refused", async () => {
    const { connect } = await place();
    const job = { CI_REGISTRY: "registry.gitlab.com", CI_REGISTRY_USER: "gitlab-ci-token", CI_REGISTRY_PASSWORD: "glcbt-OfLastNight" };
    const environment = { ...job, CI_JOB_TOKEN: "", CI_DEPLOY_USER: "gitlab+deploy-token-1", CI_DEPLOY_PASSWORD: "gldt-OfTheProject" };
    const passed: unknown[] = [];
    const connection = await connect({ onPassedOver: (each) => passed.push(each) }, { environment });
    await putTinyChart(await connection.openStore(name), chart);
    expect(passed).toEqual([{ source: "CI_REGISTRY_PASSWORD", next: "CI_DEPLOY_PASSWORD", because: "refused" }]);
    const elsewhere = await connect({}, { environment: { ...environment, CI_REGISTRY: "registry.harbour.example" } });
    await expect(elsewhere.ping()).rejects.toMatchObject({ code: "unauthenticated", status: 403 });
    await expect((await connect({ adapters: [generic] }, { environment })).ping()).rejects.toMatchObject({ code: "denied" });
  });

  it("is renewed when its minutes are over in the middle of a push", async () => {
    const { open, setup, asked } = await place();
    const store = await open("web", { clock: systemClock });
    await store.putBlob(chart.config);
    setup.expire?.();
    await putTinyChart(store, chart);
    expect(asked().filter((line) => line.endsWith(" 401"))).toHaveLength(2);
  });

  it("asks for no new token while the last one is good: its life stands in the token alone", async () => {
    expect([await tokensAfter({}), await tokensAfter(knowingNothing)]).toEqual([1, 2]);
  });
});

describe("GitLab's projects", () => {
  it("must exist: an empty grant is neither a wrong password nor a missing right alone", async () => {
    const { connect } = await empty();
    const refused = { code: "denied-or-missing", hint: expect.stringContaining("project exists") };
    await expect((await (await connect()).openStore(name)).putBlob(chart.layer)).rejects.toMatchObject(refused);
    await expect((await (await connect(knowingNothing)).openStore(name)).putBlob(chart.layer)).rejects.toMatchObject({ code: "denied" });
    expect(gitlab.capabilities["create-repository"]).toContain("project that exists");
  });

  it("hold repositories two parts deep and no deeper", async () => {
    const { open } = await place();
    await putTinyChart(await open("charts/web"), chart);
    const refused = { code: "denied-or-missing", hint: expect.stringContaining("at most two parts") };
    await expect((await open("charts/stable/web")).putBlob(chart.layer)).rejects.toMatchObject(refused);
    await expect((await open("charts/stable/web", knowingNothing)).putBlob(chart.layer)).rejects.toMatchObject({ code: "denied" });
  });

  it("tell their repositories by GitLab's API, and so do groups", async () => {
    const { connect, setup } = await place();
    const { repositories } = setup.emulator.state;
    const names = Array.from({ length: 101 }, (_, index) => `${project}/charts/web-${String(index).padStart(3, "0")}`);
    for (const each of [...names, `${project}/images`]) repositories.add(each);
    const connection = await connect();
    expect(await listed(connection, `${project}/charts`)).toEqual(names);
    expect(await listed(connection, project)).toEqual([...names, `${project}/images`]);
    expect(await listed(connection, "contoso")).toHaveLength(102);
    expect(await listed(await connect(signedInWith("gitlab-ci-token", "glcbt-OfAJob")), project)).toHaveLength(102);
    const deploy = await connect(signedInWith("gitlab+deploy-token-1", "gldt-OfTheProject"));
    await expect(listed(deploy, project)).rejects.toMatchObject({ code: "unauthenticated" });
    await expect(listed(await connect(knowingNothing), project)).rejects.toMatchObject({ code: "denied" });
  });
});

describe("GitLab's tags", () => {
  it("do not move where a rule of the project says so, not even to the same bytes", async () => {
    const { open, setup } = await place();
    setup.makeImmutable?.([name]);
    await putTinyChart(await open("web"), chart);
    for (const each of [chart, tinyChart("web", "2025-01-01T00:00:00Z")])
      await expect(putTinyChart(await open("web"), each)).rejects.toMatchObject({ code: "tag-immutable" });
    await expect(putTinyChart(await open("web", knowingNothing), chart)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("are protected by rules that are in the token: they hold when the next one is given", async () => {
    const { open, setup } = await place();
    const store = await open("web");
    await putTinyChart(store, chart);
    setup.emulator.state.projects.set(project, { ...plainProject, protected: ["^[0-9]"] });
    await putTinyChart(store, chart);
    setup.expire?.();
    const refused = { code: "denied", hint: expect.stringContaining("protects this tag") };
    await expect(putTinyChart(store, chart)).rejects.toMatchObject(refused);
    await expect(putTinyChart(await open("web", knowingNothing), chart)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("are deleted one by one", async () => {
    const { open } = await place();
    const store = await open("web");
    await putTinyChart(store, chart);
    expect([await store.deleteManifest("1.0.0"), await store.deleteManifest("1.0.0")]).toEqual([true, false]);
  });
});

describe("what core does for everybody, at GitLab", () => {
  it("sends a blob where it cannot be mounted, since the token service reads one scope", async () => {
    const { open, asked } = await place();
    await putTinyChart(await open("web"), chart);
    const other = await open("db");
    expect(await other.mountBlob(chart.layerDescriptor, name)).toBe(false);
    await other.putBlob(chart.layer);
    expect(asked().at(-1)).toMatch(/^PUT .* 201$/);
  });

  it("asks GitLab's adapter before Distribution's, whose header it sends too", () => {
    const order = adapters.map(({ id }) => id);
    expect(order.indexOf("gitlab")).toBeLessThan(order.indexOf("distribution"));
  });

  it("fetches the bytes of blobs from another host without the token", async () => {
    const { open, setup } = await place();
    const store = await open("web");
    await putTinyChart(store, chart);
    const parts: Uint8Array[] = [];
    for await (const part of store.fetchBlob({ ...chart.layerDescriptor })) parts.push(part);
    expect(Buffer.concat(parts).toString()).toBe("the archive of web");
    expect(setup.emulator.log.at(-1)).toMatchObject({ host: "storage.googleapis.com", authorization: undefined });
  });
});
