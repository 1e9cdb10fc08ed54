import { ContainerRegistryClient, type ContainerRegistryClientOptions, ContainerRegistryContentClient } from "@azure/container-registry";
import type { TokenCredential } from "@azure/identity";
import { isDigest } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { openPlace, putTinyChart, tinyChart } from "../testing/open-place.ts";
import { tunnelAgent } from "../testing/tunnel-agent.ts";
import { acrSetup } from "./acr-setup.ts";

const chart = tinyChart("web");

/** Azure's own client, as it is, behind the same proxy and authority as ours. */
async function place() {
  const acr = await openPlace(() => acrSetup());
  const { setup, world } = acr;
  const options: ContainerRegistryClientOptions = {
    agent: tunnelAgent(world),
    retryOptions: { maxRetries: 0 },
    audience: "https://containerregistry.azure.net",
  };
  const { state } = setup.emulator;
  const appid = setup.user.environment?.["AZURE_CLIENT_ID"];
  const credential: TokenCredential = {
    getToken: (scopes) => {
      const aud = String(scopes).replace(/\/\.default$/, "");
      return Promise.resolve({ token: state.entra(aud).issue(appid, []), expiresOnTimestamp: Date.now() + 3_600_000 });
    },
  };
  const endpoint = `https://${setup.registry}`;
  return {
    acr,
    registry: new ContainerRegistryClient(endpoint, credential, options),
    content: new ContainerRegistryContentClient(endpoint, "charts/web", credential, options),
  };
}

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) if (part instanceof Uint8Array) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

describe("Azure's own client against the emulator", () => {
  it("reads what we pushed, blob and manifest, and finds it in its lists", async () => {
    const { acr, content, registry } = await place();
    await putTinyChart(await acr.open("web"), chart);
    const manifest = await content.getManifest("1.0.0");
    expect(manifest.digest).toBe(chart.manifest.digest);
    const { content: stream } = await content.downloadBlob(chart.layerDescriptor.digest);
    expect((await bytesOf(stream)).toString()).toBe("the archive of web");
    const names: string[] = [];
    for await (const name of registry.listRepositoryNames()) names.push(name);
    expect(names).toEqual(["charts/web"]);
  });

  it("writes what we read: in pieces, with its own tokens", async () => {
    const { acr, content } = await place();
    const blob = Buffer.alloc(5 * 1024 * 1024, "chart");
    const { digest, sizeInBytes } = await content.uploadBlob(blob);
    expect(sizeInBytes).toBe(blob.byteLength);
    expect(acr.asked().filter((line) => /^PATCH .* 202$/.test(line))).toHaveLength(2);
    const store = await acr.open("web");
    if (!isDigest(digest)) throw new Error("it answers without a digest");
    const descriptor = { digest, size: blob.byteLength, mediaType: "application/octet-stream" };
    expect((await bytesOf(store.fetchBlob(descriptor))).equals(blob)).toBe(true);
  });

  it("locks a tag that we then cannot move", async () => {
    const { acr, registry } = await place();
    const store = await acr.open("web");
    await putTinyChart(store, chart);
    await registry.getArtifact("charts/web", "1.0.0").updateTagProperties("1.0.0", { canWrite: false });
    await expect(putTinyChart(store, tinyChart("web", "2025-01-01T00:00:00Z"))).rejects.toMatchObject({ code: "tag-immutable" });
  });
});
