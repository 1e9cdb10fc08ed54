/**
 * The least that has to cross the wire: GET the archive, POST it and its config as whole blobs, PUT the manifest, for every version, with
 * nothing checked, parsed, hashed or listed. Configs and manifests come ready-made from a file of JSON lines.
 *
 *   node floor.mjs PLAN SOURCE_URL REGISTRY_URL NAMESPACE WINDOW UPLOAD     (UPLOAD: `post` or `session`)
 */
import { readFileSync } from "node:fs";

import { Pool } from "undici";

const [planFile, sourceUrl, registryUrl, namespace, windowText, upload] = process.argv.slice(2);
const width = Number(windowText);
const plan = readFileSync(planFile, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const source = new Pool(sourceUrl, { connections: width, pipelining: 1 });
const registry = new Pool(registryUrl, { connections: width, pipelining: 1 });
const octetStream = { "content-type": "application/octet-stream" };
let requests = 0;

async function exchange(pool, request, expected) {
  requests += 1;
  const answer = await pool.request(request);
  if (answer.statusCode !== expected)
    throw new Error(`${request.method} ${request.path}: ${answer.statusCode} ${await answer.body.text()}`);
  return answer;
}

async function discard(pool, request, expected) {
  const answer = await exchange(pool, request, expected);
  await answer.body.dump();
  return answer;
}

async function putBlob(repository, digest, body) {
  const start = `/v2/${repository}/blobs/uploads/`;
  if (upload === "post") return discard(registry, { method: "POST", path: `${start}?digest=${digest}`, headers: octetStream, body }, 201);
  const { headers } = await discard(registry, { method: "POST", path: start, headers: { "content-length": "0" } }, 202);
  const location = new URL(headers.location, registryUrl);
  location.searchParams.set("digest", digest);
  return discard(registry, { method: "PUT", path: `${location.pathname}${location.search}`, headers: octetStream, body }, 201);
}

async function move({ path, chart, tag, layer, config, manifest, mediaType }) {
  const answer = await exchange(source, { method: "GET", path }, 200);
  const archive = Buffer.from(await answer.body.arrayBuffer());
  const repository = `${namespace}/${chart}`;
  await Promise.all([putBlob(repository, layer, archive), putBlob(repository, config.digest, Buffer.from(config.bytes, "base64"))]);
  const body = Buffer.from(manifest, "base64");
  await discard(registry, { method: "PUT", path: `/v2/${repository}/manifests/${tag}`, headers: { "content-type": mediaType }, body }, 201);
}

async function work() {
  for (let item = plan.shift(); item; item = plan.shift()) await move(item);
}

await Promise.all(Array.from({ length: width }, work));
console.log(JSON.stringify({ requests }));
await Promise.all([source.close(), registry.close()]);
