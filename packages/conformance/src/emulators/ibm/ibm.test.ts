import { generic } from "@chartferry/adapters";
import { type ChartStore, type Credential, type OpenConnectionOptions, systemClock } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { openPlace, putTinyChart, tinyChart } from "../testing/open-place.ts";
import { emulateIbm } from "./ibm-emulator.ts";
import { ibmSetup } from "./ibm-setup.ts";
import type { IbmIdentity } from "./ibm-state.ts";

const account = "6d7b23a1f0e94c8d";

async function place(more: readonly IbmIdentity[] = []) {
  const ibm = await openPlace(async () => {
    const setup = await ibmSetup();
    const { emulator } = setup;
    const emulated = await emulateIbm({ ...emulator.state, identities: [...emulator.state.identities, ...more] });
    await emulator.close();
    return { ...setup, emulator: emulated, expire: () => emulated.state.tokens.revoke() };
  });
  const { state } = ibm.setup.emulator;
  const namespace = (name: string, owner = account): void => void state.namespaces.set(name, owner);
  const bearer = (): Credential => as("iambearer", state.issueIamToken("the API key of the ferry") ?? "");
  return { ...ibm, state, namespace, bearer };
}

type Place = Awaited<ReturnType<typeof place>>;

const chart = tinyChart("web");
const creating = { createRepositories: "if-missing" } as const;
const as = (username: string, password: string): Credential => ({ kind: "basic", username, password, source: "--username" });

/** The service ID itself, by somebody who knows nothing of IBM. */
const knowingNothing = { adapters: [generic], credential: as("iamapikey", "the API key of the ferry") };

const lines = ({ setup }: Place): string[] =>
  setup.emulator.log.map(({ host, method, path, status }) => `${method} ${host}${path} ${status}`);

describe("IBM's API keys", () => {
  it("are a password for the user iamapikey, from the variable that names one", async () => {
    const ibm = await place();
    ibm.namespace("harbourworks");
    const connection = await ibm.connect();
    await putTinyChart(await connection.openStore("harbourworks/web"), chart);
    expect(connection.adapter).toBe("ibm");
    expect(lines(ibm).slice(0, 3)).toEqual([
      "POST de.icr.io/v2/harbourworks/web/blobs/uploads/ 401",
      "GET de.icr.io/oauth/token 200",
      "POST de.icr.io/v2/harbourworks/web/blobs/uploads/ 202",
    ]);
    const generally = await ibm.open("web", { adapters: [generic] });
    await expect(generally.putBlob(chart.layer)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("give way to what comes next where the registry refuses them", async () => {
    const ibm = await place();
    ibm.namespace("harbourworks");
    const who = {
      environment: { IBMCLOUD_API_KEY: "an old one", IC_API_KEY: "an older one" },
      auths: { "de.icr.io": { username: "iamapikey", password: "the API key of the ferry" } },
    };
    const passed: string[] = [];
    const store = await ibm.open("web", { onPassedOver: ({ source }) => passed.push(source) }, who);
    await putTinyChart(store, chart);
    expect(passed).toEqual(["IBMCLOUD_API_KEY", "IC_API_KEY"]);
  });

  it("may be a token of IAM in their stead, which ends after an hour", async () => {
    const ibm = await place();
    ibm.namespace("harbourworks");
    const credential = ibm.bearer();
    await putTinyChart(await ibm.open("web", { credential }), chart);
    ibm.setup.emulator.clock.advance(3_600_000);
    await expect((await ibm.open("web", { credential })).resolve("1.0.0")).rejects.toMatchObject({ code: "unauthenticated" });
  });
});

it("gives tokens that are renewed when they are refused in the middle of a run", async () => {
  const ibm = await place();
  ibm.namespace("harbourworks");
  const store = await ibm.open("web", { clock: systemClock });
  await putTinyChart(store, chart);
  ibm.setup.expire();
  expect(await store.resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
});

describe("IBM's namespaces", () => {
  it("that are missing look like somebody else's, and are created where the user wants it, by a token of IAM for the account in it", async () => {
    const ibm = await place();
    await expect((await ibm.open("web")).putBlob(chart.layer)).rejects.toMatchObject({
      code: "denied-or-missing",
      hint: expect.stringMatching(/namespace-add.*--create-repositories if-missing/),
    });
    await putTinyChart(await ibm.open("web", creating), chart);
    expect([...ibm.state.namespaces]).toEqual([["harbourworks", account]]);
    expect(lines(ibm)).toEqual(
      expect.arrayContaining(["POST iam.cloud.ibm.com/identity/token 200", "PUT de.icr.io/api/v1/namespaces/harbourworks 201"]),
    );
    const generally = await (await ibm.connect({ ...creating, ...knowingNothing })).openStore("elsewhere/web");
    await expect(generally.putBlob(chart.layer)).rejects.toMatchObject({ code: "denied" });
  });

  it("are created with a token of IAM just as well, and with no other user", async () => {
    const ibm = await place();
    await putTinyChart(await ibm.open("web", { ...creating, credential: ibm.bearer() }), chart);
    expect(lines(ibm)).not.toContain("POST iam.cloud.ibm.com/identity/token 200");
    await expect(listed(ibm, "harbourworks", { credential: as("token", "of a time before IAM") })).rejects.toMatchObject({
      code: "credentials-unavailable",
    });
    await expect(listed(ibm, "harbourworks", { credential: as("iamapikey", "unknown") })).rejects.toMatchObject({
      code: "credentials-unavailable",
      hint: expect.stringContaining("API key"),
    });
  });

  it("that are somebody else's stay so: what the API says is told, with the namespace that was wanted", async () => {
    const ibm = await place();
    ibm.namespace("harbourworks", "another account");
    await expect((await ibm.open("web", creating)).putBlob(chart.layer)).rejects.toMatchObject({
      operation: "create namespace",
      message: expect.stringContaining("already owned by a different IBM Cloud account"),
    });
  });

  it("are created by managers of the account alone: the failure names the role", async () => {
    const ibm = await place([{ apiKey: "of a deckhand", account, isManager: false }]);
    const store = await ibm.open("web", { ...creating, credential: as("iamapikey", "of a deckhand") });
    await expect(store.putBlob(chart.layer)).rejects.toMatchObject({ code: "denied", hint: expect.stringContaining("Manager") });
  });

  it("have names of their own: known before anything is asked", async () => {
    const ibm = await place();
    const connection = await ibm.connect();
    const problem = [{ text: expect.stringContaining("4 to 30 lower case letters") }];
    for (const name of ["abc/web", "-charts/web", "charts_/web", `a${"b".repeat(30)}/web`, "char.ts/web"])
      expect(connection.nameProblems(name)).toMatchObject(problem);
    expect([connection.nameProblems("my-charts/eu/web"), connection.nameProblems("charts")]).toMatchObject([[], [{}]]);
    expect(ibm.setup.emulator.log).toEqual([]);
  });
});

describe("an account of IBM's", () => {
  it.each([
    ["storage quota", "quota-exceeded"],
    ["private only", "denied"],
    ["insufficient scope", "denied"],
  ] as const)("that is refused for its %s is told so, in a way that names what to do", async (refusal, code) => {
    const ibm = await place();
    ibm.namespace("harbourworks");
    ibm.state.refusals.set(account, refusal);
    const hint = { "storage quota": "quota-set", "private only": "private.REGION.icr.io", "insufficient scope": "context-based" }[refusal];
    await expect((await ibm.open("web")).putBlob(chart.layer)).rejects.toMatchObject({ code, hint: expect.stringContaining(hint) });
  });
});

async function listed(ibm: Place, prefix: string, options: Partial<OpenConnectionOptions> = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const name of (await ibm.connect(options)).repositories(prefix)) found.push(name);
  return found;
}

describe("IBM's images", () => {
  it("are listed by the API, each repository once: there is no catalogue", async () => {
    const ibm = await place();
    for (const name of ["harbourworks", "lighthouse"]) ibm.namespace(name);
    const connection = await ibm.connect();
    for (const name of ["harbourworks/eu/web", "harbourworks/db", "lighthouse/web"])
      await putTinyChart(await connection.openStore(name), chart);
    expect(await listed(ibm, "harbourworks")).toEqual(["harbourworks/db", "harbourworks/eu/web"]);
    expect(await listed(ibm, "harbourworks/eu")).toEqual(["harbourworks/eu/web"]);
    expect(await listed(ibm, "")).toHaveLength(3);
    await expect(listed(ibm, "harbourworks", knowingNothing)).rejects.toMatchObject({ operation: "list repositories", status: 404 });
  });

  it("lose a tag by the API, and that one alone", async () => {
    const ibm = await place();
    ibm.namespace("harbourworks");
    const store: ChartStore = await ibm.open("web");
    await putTinyChart(store, chart);
    await store.putManifest("1.1.0", chart.manifest);
    expect([await store.deleteManifest("1.1.0"), await store.deleteManifest("1.1.0")]).toEqual([true, false]);
    expect(await store.resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
    expect(lines(ibm)).toContain(`DELETE de.icr.io/api/v1/tags/${encodeURIComponent("de.icr.io/harbourworks/web:1.1.0")} 200`);
  });
});
