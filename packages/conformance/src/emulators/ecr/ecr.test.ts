import { adapters, generic } from "@chartferry/adapters";
import { type ChartStore, type Credential, type OpenConnectionOptions, systemClock } from "@chartferry/core";
import { describe, expect, it, onTestFinished } from "vitest";

import { type AwsModel, awsProblems } from "../testing/aws-model.ts";
import { openPlace, putTinyChart, tinyChart } from "../testing/open-place.ts";
import model from "./ecr-2015-09-21.model.json" with { type: "json" };
import { ecrSetup } from "./ecr-setup.ts";
import { emulateEcr } from "./ecr-emulator.ts";

const aws: AwsModel = model;

/** Whatever a test asks of the control plane, and whatever it answers, is as AWS's own model of ECR says. */
async function place() {
  const ecr = await openPlace(ecrSetup);
  onTestFinished(() => {
    expect(ecr.setup.emulator.state.calls.flatMap((call) => awsProblems(aws, call))).toEqual([]);
  });
  return ecr;
}

const chart = tinyChart("web");
const creating = { createRepositories: "if-missing" } as const;

/** Somebody with a good password in hand, who knows nothing of ECR. */
function knowingNothing({
  setup,
}: Awaited<ReturnType<typeof place>>): Partial<OpenConnectionOptions> & { readonly credential: Credential } {
  const { password } = setup.emulator.state.issuePassword({ mayCreate: true, mayPush: true });
  return { adapters: [generic], credential: { kind: "basic", username: "AWS", password, source: "--username" } };
}

describe("ECR's password", () => {
  it("comes from the control plane for the region in the host name, by the vendor's chain", async () => {
    const ecr = await place();
    const connection = await ecr.connect();
    await connection.ping();
    expect(connection.adapter).toBe("ecr");
    expect(ecr.setup.emulator.log.map(({ host, method, status }) => `${method} ${host} ${status}`)).toEqual([
      `GET ${ecr.setup.registry} 401`,
      "POST api.ecr.eu-west-1.amazonaws.com 200",
      `GET ${ecr.setup.registry} 200`,
    ]);
    await expect((await ecr.connect({ adapters: [generic] })).ping()).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("is renewed when it has expired, which ECR says by 403 without a challenge", async () => {
    const ecr = await place();
    ecr.setup.prepare(["charts/web"]);
    const generally = knowingNothing(ecr);
    // By its own clock the client has no reason to think that time has passed.
    const store = await ecr.open("web", { clock: systemClock });
    await putTinyChart(store, chart);
    ecr.setup.expire?.();
    expect(await store.resolve("1.0.0")).toMatchObject({ digest: chart.manifest.digest });
    expect(ecr.asked().slice(-2)).toEqual(["HEAD /v2/charts/web/manifests/1.0.0 403", "HEAD /v2/charts/web/manifests/1.0.0 200"]);
    await expect((await ecr.open("web", generally)).fetchManifest("1.0.0")).rejects.toMatchObject({ code: "denied" });
  });

  it("is not asked for once a repository", async () => {
    const ecr = await place();
    const connection = await ecr.connect();
    ecr.setup.prepare(["charts/web", "charts/db"]);
    for (const name of ["web", "db"]) await putTinyChart(await connection.openStore(`charts/${name}`), tinyChart(name));
    expect(ecr.setup.emulator.log.filter(({ host }) => host.startsWith("api."))).toHaveLength(1);
  });
});

describe("ECR's repositories", () => {
  it("are created where the user wants it, with the account's wishes, once for all", async () => {
    const ecr = await place();
    const adapterOptions = {
      tagMutability: "IMMUTABLE",
      encryption: "KMS",
      kmsKey: "alias/charts",
      tags: { team: "harbour" },
      scanOnPush: true,
    };
    const store = await ecr.open("web", { ...creating, adapterOptions });
    await Promise.all([store.putBlob(chart.config), store.putBlob(chart.layer)]);
    expect(ecr.setup.emulator.state.repositories.get("charts/web")).toEqual({
      immutable: true,
      wish: {
        registryId: "123456789012",
        repositoryName: "charts/web",
        imageTagMutability: "IMMUTABLE",
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfiguration: { encryptionType: "KMS", kmsKey: "alias/charts" },
        tags: [{ Key: "team", Value: "harbour" }],
      },
    });
    await expect((await ecr.open("db", { ...creating, ...knowingNothing(ecr) })).putBlob(chart.layer)).rejects.toMatchObject({
      code: "repository-missing",
    });
  });

  it("are not created by somebody without that right: the failure names the right", async () => {
    const ecr = await openPlace(async () => {
      const setup = await ecrSetup();
      const { emulator } = setup;
      const own = await emulateEcr({
        ...emulator.state,
        identities: new Map([["AKIAHARBOURMASTER", { mayCreate: false, mayPush: true }]]),
      });
      await emulator.close();
      return { ...setup, emulator: own };
    });
    await expect((await ecr.open("web", creating)).putBlob(chart.layer)).rejects.toMatchObject({
      code: "denied",
      operation: "create repository",
      message: expect.stringContaining("ecr:CreateRepository"),
    });
  });

  it("are listed by the control plane, over all its pages", async () => {
    const ecr = await place();
    const names = Array.from({ length: 2100 }, (_, index) => `charts/web-${String(index).padStart(4, "0")}`);
    ecr.setup.prepare([...names, "charts-old/web", "images/web"]);
    const found: string[] = [];
    for await (const name of (await ecr.connect()).repositories("charts")) found.push(name);
    expect(found).toEqual(names);
  });

  it("have names that begin with a letter: known before anything is asked", async () => {
    const ecr = await place();
    const connection = await ecr.connect();
    expect(connection.nameProblems("1charts/web")).toMatchObject([{ text: expect.stringContaining("begins with a letter") }]);
    expect(connection.nameProblems(`a${"b".repeat(256)}`)).toMatchObject([{ text: expect.stringContaining("2 to 256 characters") }]);
    expect(connection.nameProblems("charts/web")).toEqual([]);
    expect(ecr.setup.emulator.log).toEqual([]);
  });
});

async function tagsOf(store: ChartStore): Promise<string[]> {
  const found: string[] = [];
  for await (const tag of store.tags()) found.push(tag);
  return found;
}

describe("ECR's tags", () => {
  it("do not move where the repository is immutable, and ECR refuses the same bytes too", async () => {
    const ecr = await place();
    ecr.setup.makeImmutable?.(["charts/web"]);
    const store = await ecr.open("web");
    await putTinyChart(store, chart);
    for (const each of [chart, tinyChart("web", "2025-01-01T00:00:00Z")])
      await expect(putTinyChart(store, each)).rejects.toMatchObject({ code: "tag-immutable" });
  });

  it("are deleted by the control plane", async () => {
    const ecr = await place();
    ecr.setup.prepare(["charts/web"]);
    const store = await ecr.open("web");
    await putTinyChart(store, chart);
    expect([await store.deleteManifest("1.0.0"), await store.deleteManifest("1.0.0")]).toEqual([true, false]);
    expect(await store.resolve("1.0.0")).toBeUndefined();
  });

  it("come in pages of 1000 at most", async () => {
    const ecr = await place();
    ecr.setup.prepare(["charts/web"]);
    const store = await ecr.open("web");
    await putTinyChart(store, chart);
    expect(await tagsOf(store)).toEqual(["1.0.0"]);
    const greedy = adapters.map((each) => (each.id === "ecr" ? { ...each, traits: { ...each.traits, tagPageSize: 1001 } } : each));
    await expect(tagsOf(await ecr.open("web", { adapters: greedy }))).rejects.toMatchObject({ code: "unsupported" });
  });
});

it("gives the bytes of blobs from another host, which refuses an Authorization", async () => {
  const ecr = await place();
  ecr.setup.prepare(["charts/web"]);
  const store = await ecr.open("web");
  await putTinyChart(store, chart);
  const parts: Uint8Array[] = [];
  for await (const part of store.fetchBlob({ ...chart.layerDescriptor })) parts.push(part);
  expect(Buffer.concat(parts).toString()).toBe("the archive of web");
  expect(ecr.setup.emulator.log.at(-1)).toMatchObject({ host: expect.stringContaining(".s3."), authorization: undefined, status: 200 });
});
