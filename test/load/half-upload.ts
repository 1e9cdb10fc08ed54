import type { SendRequest } from "./send-request.ts";
import type { LoadBlob } from "./synthetic-charts.ts";

/** An upload of which the first half was answered. */
export interface HalfUpload {
  readonly location: string;
  readonly blob: LoadBlob;
  readonly sent: number;
}

export async function beginHalf(send: SendRequest, repository: string, blob: LoadBlob): Promise<HalfUpload> {
  const begun = await send(`/v2/${repository}/blobs/uploads/`, { method: "POST" });
  const sent = Math.floor(blob.bytes.byteLength / 2);
  const headers = { "content-range": `0-${sent - 1}`, "content-type": "application/octet-stream" };
  const half = await send(begun.location, { method: "PATCH", body: blob.bytes.subarray(0, sent), headers });
  if (half.status !== 202) throw new Error(`half an upload: ${half.status} ${half.body.toString()}`);
  return { location: half.location, blob, sent };
}

/** Asks where the upload stands and sends what is missing; the status of the last answer. */
export async function goOnWith(send: SendRequest, { location, blob }: HalfUpload): Promise<number> {
  const state = await send(location, { method: "GET" });
  if (state.status !== 204) return state.status;
  const from = Number(state.headers["range"]?.split("-")[1]) + 1;
  const rest = blob.bytes.subarray(from);
  const headers = { "content-range": `${from}-${blob.bytes.byteLength - 1}`, "content-type": "application/octet-stream" };
  return (await send(`${location}?digest=${blob.digest}`, { method: "PUT", body: rest, headers })).status;
}
