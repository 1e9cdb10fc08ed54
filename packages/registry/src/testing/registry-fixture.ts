import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startRegistry, type RunningRegistry, type StartRegistryOptions } from "../start-registry.ts";

export interface TestRegistry extends RunningRegistry {
  readonly directory: string;
  /** A request to a path of it. */
  request(method: string, path: string, options?: { body?: string | Uint8Array; headers?: Record<string, string> }): Promise<Response>;
  remove(): Promise<void>;
}

/** A registry of one test, in memory where the machine has that, and without fsync unless the test wants it. */
export async function startTestRegistry(options: Partial<StartRegistryOptions> = {}): Promise<TestRegistry> {
  const parent = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const directory = options.directory ?? (await mkdtemp(join(parent, "chartferry-registry-")));
  const registry = await startRegistry({ durability: "none", ...options, directory }).catch(async (error: unknown) => {
    if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    throw error;
  });
  return {
    ...registry,
    directory,
    request: (method, path, { body, headers } = {}) =>
      fetch(new URL(path, registry.url), {
        method,
        redirect: "manual",
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : new Uint8Array(body) }),
        ...(headers === undefined ? {} : { headers }),
      }),
    async remove() {
      await registry.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function sha256(content: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** The code of the first error in an answer's body. */
export async function errorCode(response: Response): Promise<string | undefined> {
  const body: { errors?: { code: string }[] } = JSON.parse(await response.text());
  return body.errors?.[0]?.code;
}

export const manifestType = "application/vnd.oci.image.manifest.v1+json";
export const indexType = "application/vnd.oci.image.index.v1+json";

/** Pushes blob and manifest; the manifest's text and digest come back. */
export async function pushManifest(
  registry: TestRegistry,
  path: string,
  extra: object = {},
): Promise<{ text: string; digest: string; response: Response }> {
  const [repository = "", reference = ""] = path.split(":");
  const config = '{"name":"web"}';
  await registry.request("POST", `/v2/${repository}/blobs/uploads/?digest=${sha256(config)}`, { body: config });
  const text = JSON.stringify({
    schemaVersion: 2,
    config: { mediaType: "application/vnd.cncf.helm.config.v1+json", digest: sha256(config), size: config.length },
    layers: [],
    ...extra,
  });
  const name = reference === "" ? sha256(text) : reference;
  const response = await registry.request("PUT", `/v2/${repository}/manifests/${name}`, {
    body: text,
    headers: { "content-type": manifestType },
  });
  return { text, digest: sha256(text), response };
}

/** The header of a Basic sign-in. */
export function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}
