import type { LoadAnswer, SendRequest } from "./send-request.ts";
import { manifestType, type LoadBlob, type SyntheticChart } from "./synthetic-charts.ts";

/** `single`: one POST with the bytes. `session`: a POST, then a PUT, for registries that know no other. */
export type UploadForm = "single" | "session";

/** Refused by the registry, in its words. */
export class RefusedError extends Error {
  readonly status: number;
  constructor(what: string, { status, body }: LoadAnswer) {
    super(`${what}: ${status} ${body.toString("utf8", 0, 300)}`);
    this.status = status;
  }
}

function requireStatus(answer: LoadAnswer, status: number, what: string): LoadAnswer {
  if (answer.status !== status) throw new RefusedError(what, answer);
  return answer;
}

const octets = { "content-type": "application/octet-stream" };

async function pushBlob(send: SendRequest, repository: string, { blob, form }: { blob: LoadBlob; form: UploadForm }): Promise<void> {
  const uploads = `/v2/${repository}/blobs/uploads/`;
  if (form === "single") {
    const answer = await send(`${uploads}?digest=${blob.digest}`, { method: "POST", body: blob.bytes, headers: octets });
    requireStatus(answer, 201, "push blob");
    return;
  }
  const { location } = requireStatus(await send(uploads, { method: "POST" }), 202, "begin upload");
  const path = `${location}${location.includes("?") ? "&" : "?"}digest=${blob.digest}`;
  requireStatus(await send(path, { method: "PUT", body: blob.bytes, headers: octets }), 201, "push blob");
}

/** Both blobs, then the manifest under its tag. */
export async function pushChart(
  send: SendRequest,
  repository: string,
  { chart, form }: { chart: SyntheticChart; form: UploadForm },
): Promise<void> {
  await pushBlob(send, repository, { blob: chart.config, form });
  await pushBlob(send, repository, { blob: chart.layer, form });
  const put = { method: "PUT", body: chart.manifest.bytes, headers: { "content-type": manifestType } };
  requireStatus(await send(`/v2/${repository}/manifests/${chart.tag}`, put), 201, "push manifest");
}

/** Runs the numbers from 0 to `count` through `run`, so many at a time. The first failure ends it. */
export async function inParallel(count: number, lanes: number, run: (number: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let number = next++; number < count; number = next++) await run(number);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
