import { adapters, generic } from "@chartferry/adapters";
import { type Credential, type OpenConnectionOptions, systemClock } from "@chartferry/core";
import { describe, expect, it, onTestFinished } from "vitest";

import { type AwsModel, awsProblems } from "../testing/aws-model.ts";
import { openPlace, putTinyChart, tinyChart } from "../testing/open-place.ts";
import model from "./ecr-public-2020-10-30.model.json" with { type: "json" };
import { ecrPublicSetup } from "./ecr-public-setup.ts";
import type { EcrPublicOptions } from "./ecr-public-state.ts";

const aws: AwsModel = model;
const chart = tinyChart("web");
const creating = { createRepositories: "if-missing" } as const;

/** Whatever a test asks of the control plane, and whatever it answers, is as AWS's own model of ECR Public says. */
async function place(options: Partial<EcrPublicOptions> = {}) {
  const ecr = await openPlace(() => ecrPublicSetup(options));
  onTestFinished(() => {
    expect(ecr.setup.emulator.state.calls.flatMap((call) => awsProblems(aws, call))).toEqual([]);
  });
  return ecr;
}

/** Somebody with a good password in hand, who knows nothing of ECR Public. */
function knowingNothing({
  setup,
}: Awaited<ReturnType<typeof place>>): Partial<OpenConnectionOptions> & { readonly credential: Credential } {
  const password = setup.emulator.state.passwords.issue("AKIAHARBOURMASTER", []);
  return { adapters: [generic], credential: { kind: "basic", username: "AWS", password, source: "--username" } };
}

describe("sign-in at ECR Public", () => {
  it("asks the control plane of the one region that has it, and buys a token for the scope that the challenge names", async () => {
    const ecr = await place();
    ecr.setup.prepare(["harbour/charts/web"]);
    await putTinyChart(await ecr.open("web"), chart);
    expect(ecr.setup.emulator.log.slice(0, 4).map(({ host, method, path, status }) => `${method} ${host}${path} ${status}`)).toEqual([
      "POST public.ecr.aws/v2/harbour/charts/web/blobs/uploads/ 401",
      "POST api.ecr-public.us-east-1.amazonaws.com/ 200",
      "GET public.ecr.aws/token/ 200",
      "POST public.ecr.aws/v2/harbour/charts/web/blobs/uploads/ 202",
    ]);
    expect(ecr.setup.emulator.log.filter(({ path }) => path === "/token/").map(({ query }) => query.getAll("scope"))).toEqual([["aws"]]);
    await expect((await ecr.open("web", { adapters: [generic] })).putBlob(chart.config)).rejects.toMatchObject({
      code: "unauthenticated",
    });
  });

  it("is not needed to read", async () => {
    const ecr = await place();
    ecr.setup.prepare(["harbour/charts/web"]);
    await putTinyChart(await ecr.open("web"), chart);
    const nobody = adapters.map((each) => (each.id === "ecr-public" ? { ...each, credentials: () => ({}) } : each));
    const store = await ecr.open("web", { end: "source", adapters: nobody });
    expect(await store.resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
    await expect((await ecr.open("web", { adapters: nobody })).putBlob(tinyChart("x").layer)).rejects.toMatchObject({
      code: "unauthenticated",
    });
  });

  it("is done anew when the token has ended, which ECR Public says by 400 without a challenge", async () => {
    const ecr = await place();
    ecr.setup.prepare(["harbour/charts/web"]);
    // By its own clock the client has no reason to think that time has passed.
    const store = await ecr.open("web", { clock: systemClock });
    await putTinyChart(store, chart);
    const general = await ecr.open("web", { ...knowingNothing(ecr), clock: systemClock });
    await general.resolve("1.0.0");
    ecr.setup.emulator.clock.advance(3_600_000);
    expect(await store.resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
    expect((await store.fetchManifest("1.0.0"))?.digest).toBe(chart.manifest.digest);
    await expect(general.fetchManifest("1.0.0")).rejects.toMatchObject({ code: "manifest-invalid", status: 400 });
  });

  it("keeps a token for its hour, though the reply does not say so", async () => {
    const ecr = await place();
    ecr.setup.prepare(["harbour/charts/web"]);
    for (const [options, wanted] of [
      [{}, 1],
      [knowingNothing(ecr), 2],
    ] as const) {
      const store = await ecr.open("web", options);
      const tokens = () => ecr.asked().filter((line) => line.includes("/token/")).length;
      const before = tokens();
      await store.resolve("1.0.0");
      ecr.setup.emulator.clock.advance(5 * 60_000);
      await store.resolve("1.0.0");
      expect(tokens() - before).toBe(wanted);
    }
  });

  it("says of a password given by hand that it has ended", async () => {
    const ecr = await place();
    const { credential } = knowingNothing(ecr);
    ecr.setup.expire?.();
    const store = await ecr.open("web", { credential });
    await expect(store.putBlob(chart.layer)).rejects.toMatchObject({
      code: "credentials-expired",
      hint: expect.stringContaining("aws ecr-public"),
    });
  });
});

describe("ECR Public's repositories", () => {
  it("are created without their alias where the user wants it, with the account's wishes", async () => {
    const ecr = await place();
    const adapterOptions = { description: "charts of the harbour", tags: { team: "harbour" } };
    await putTinyChart(await ecr.open("web", { ...creating, adapterOptions }), chart);
    expect([...ecr.setup.emulator.state.repositories]).toEqual([
      [
        "charts/web",
        { repositoryName: "charts/web", catalogData: { description: "charts of the harbour" }, tags: [{ Key: "team", Value: "harbour" }] },
      ],
    ]);
    await expect((await ecr.open("db", { ...creating, ...knowingNothing(ecr) })).putBlob(chart.layer)).rejects.toMatchObject({
      code: "repository-missing",
    });
  });

  it("are not created in the account's registry for a name under somebody else's", async () => {
    const ecr = await place();
    const connection = await ecr.connect(creating);
    const store = await connection.openStore("elsewhere/charts/web");
    await expect(store.putBlob(chart.layer)).rejects.toMatchObject({
      code: "denied",
      hint: expect.stringContaining("oci://public.ecr.aws/a1b2c3d4"),
    });
    expect(ecr.setup.emulator.state.repositories.size).toBe(0);
  });

  it("are not created by somebody without that right: the failure names the right", async () => {
    const ecr = await place({ identities: new Map([["AKIAHARBOURMASTER", { mayCreate: false, mayPush: true }]]) });
    await expect((await ecr.open("web", creating)).putBlob(chart.layer)).rejects.toMatchObject({
      code: "denied",
      operation: "create repository",
      message: expect.stringContaining("ecr-public:CreateRepository"),
    });
  });

  it("will be public: said before the first push, whether they are created or not", async () => {
    const ecr = await place();
    expect((await ecr.connect()).newRepository).toMatchObject({
      text: expect.stringContaining("everybody can read it"),
      hint: expect.stringContaining("--create-repositories if-missing"),
    });
    expect((await ecr.connect(creating)).newRepository).toMatchObject({ code: "repository-becomes-public" });
  });

  it("are listed by the control plane, over all its pages, as clients write them", async () => {
    const ecr = await place();
    const names = Array.from({ length: 1100 }, (_, index) => `charts/web-${String(index).padStart(4, "0")}`);
    ecr.setup.prepare([...names, "images/web"].map((name) => `a1b2c3d4/${name}`));
    const found: string[] = [];
    for await (const name of (await ecr.connect()).repositories("a1b2c3d4/charts")) found.push(name);
    expect(found).toEqual(names.map((name) => `a1b2c3d4/${name}`));
  });

  it("have an alias and a name: known before anything is asked", async () => {
    const ecr = await place();
    const connection = await ecr.connect();
    expect(connection.nameProblems("harbour")).toHaveLength(1);
    expect(connection.nameProblems(`harbour/${"a".repeat(206)}`)).toMatchObject([{ text: expect.stringContaining("2 to 205 characters") }]);
    expect(connection.nameProblems("harbour/charts/web")).toEqual([]);
    expect(ecr.setup.emulator.log).toEqual([]);
  });

  it("lose a tag by the control plane, and let tags move", async () => {
    const ecr = await place();
    ecr.setup.prepare(["harbour/charts/web"]);
    const store = await ecr.open("web");
    await putTinyChart(store, chart);
    await putTinyChart(store, tinyChart("web", "2025-01-01T00:00:00Z"));
    expect([await store.deleteManifest("1.0.0"), await store.deleteManifest("1.0.0")]).toEqual([true, false]);
    expect(await store.resolve("1.0.0")).toBeUndefined();
  });
});
