import { ecr } from "@chartferry/adapters";
import { type AdapterContext, createHttpClient, type Credential, systemClock } from "@chartferry/core";
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from "vitest";

import { type RunningServer, startServer } from "./servers/start-server.ts";
import { describeWith, requireTool } from "./support/real-tools.ts";

/**
 * moto is a control plane of AWS that others wrote: what the adapter asks of ECR is judged by somebody who has read neither it nor our emulator.
 * It has no registry behind it, and its passwords ended in 2015.
 */
describeWith(["moto"], "ECR's control plane as moto has it", () => {
  let moto: RunningServer;
  beforeAll(async () => {
    moto = await startServer({
      name: "moto",
      program: requireTool("moto"),
      arguments: (port) => ["-H", "127.0.0.1", "-p", String(port)],
      readyPath: "/moto-api/",
    });
  }, 60_000);
  afterAll(() => moto.stop());

  /** The variables by which AWS's SDK is sent elsewhere; the host stays a real one. */
  function context(options: Readonly<Record<string, unknown>> = {}): AdapterContext {
    const environment = {
      AWS_ACCESS_KEY_ID: "AKIAHARBOURMASTER",
      AWS_SECRET_ACCESS_KEY: "the secret of a harbour master",
      AWS_ENDPOINT_URL_ECR: moto.url,
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const registry = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    const origin = new URL(`https://${registry}/`);
    const http = createHttpClient({ origin, environment });
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      await http.close();
    });
    const nobody: Credential = { kind: "anonymous", source: "nobody" };
    const credential = () => Promise.resolve(nobody);
    return { http, registry, origin, match: ecr.detect(registry) ?? {}, environment, clock: systemClock, options, credential };
  }

  it("gives a password, which is taken for good although it says that it ended long ago", async () => {
    const sources = ecr.credentials?.(context());
    expect(await sources?.environment?.({ key: "x" })).toEqual({
      kind: "basic",
      username: "AWS",
      password: "123456789012-auth-token",
      source: "the AWS credential chain",
    });
  });

  it("creates a repository with the account's wishes, once, and lists it", async () => {
    const wishes = { tagMutability: "IMMUTABLE", scanOnPush: true, encryption: "KMS", kmsKey: "alias/charts", tags: { team: "harbour" } };
    const ours = context(wishes);
    expect(await ecr.ensureRepository?.("charts/web", ours)).toBe("created");
    expect(await ecr.ensureRepository?.("charts/web", ours)).toBe("exists");
    expect(await ecr.ensureRepository?.("images/web", context())).toBe("created");
    const found: string[] = [];
    for await (const name of ecr.listRepositories?.("charts", ours) ?? []) found.push(name);
    expect(found).toEqual(["charts/web"]);
  });

  it("refuses a name that AWS does not take, and says of a tag that it is not there", async () => {
    const ours = context();
    await expect(ecr.ensureRepository?.("Charts", ours)).rejects.toMatchObject({ code: "name-invalid", operation: "create repository" });
    await ecr.ensureRepository?.("charts/db", ours);
    expect(await ecr.deleteTag?.({ repository: "charts/db", tag: "1.0.0" }, ours)).toBe(false);
    await expect(ecr.deleteTag?.({ repository: "charts/missing", tag: "1.0.0" }, ours)).rejects.toMatchObject({
      code: "repository-missing",
    });
  });
});
