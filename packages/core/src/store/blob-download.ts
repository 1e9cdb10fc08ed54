import type { Descriptor } from "../content.ts";
import { verifiedStream } from "../digest.ts";
import { ChartferryError, isChartferryError, withContext } from "../errors.ts";
import type { HttpAnswer } from "../http/http-client.ts";
import { workRepeats } from "../http/repeat-policy.ts";
import type { CallOptions } from "./chart-store.ts";
import { failure, type RepositoryEnd } from "./repository-end.ts";

/** For a body that breaks off: it is continued by Range. */
const { tries } = workRepeats["blob download"].broken;

/** The blob's bytes, checked against digest and size while they come; a broken body is continued where it stopped. */
export async function* downloadBlob(
  end: RepositoryEnd,
  descriptor: Descriptor,
  options: CallOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { digest, size } = descriptor;
  try {
    yield* verifiedStream(resumed(end, descriptor, options), { digest, size, operation: "fetch blob" });
  } catch (error) {
    if (!isChartferryError(error, "digest-mismatch", "size-mismatch")) throw error;
    const hint = "the registry, or a cache in front of it, does not hold what was pushed: push the chart again with --existing overwrite";
    throw withContext(error, { registry: end.registry, repository: end.repository, version: digest, hint });
  }
}

async function* resumed(end: RepositoryEnd, descriptor: Descriptor, options: CallOptions): AsyncGenerator<Uint8Array, void, undefined> {
  let received = 0;
  for (let attempt = 1; ; attempt++) {
    // A request that fails has been repeated by then.
    const chunks = await from(end, { descriptor, offset: received }, options);
    try {
      for await (const chunk of chunks) {
        received += chunk.byteLength;
        yield chunk;
      }
      return;
    } catch (error) {
      const broken = isChartferryError(error) && error.retryable;
      if (!broken || attempt >= tries) throw error;
      await end.pause({ attempt, error, signal: options.signal });
    }
  }
}

async function from(
  end: RepositoryEnd,
  place: { readonly descriptor: Descriptor; readonly offset: number },
  options: CallOptions,
): Promise<AsyncIterable<Uint8Array>> {
  const { descriptor, offset } = place;
  const answer = await end.send({
    method: "GET",
    url: end.url(`blobs/${descriptor.digest}`),
    operation: "fetch blob",
    access: "pull",
    ...(offset > 0 ? { headers: { range: `bytes=${offset}-` } } : {}),
    ...options,
  });
  if (answer.status === 200) return offset === 0 ? answer.stream() : without(answer.stream(), offset);
  if (answer.status === 206 && startsAt(answer, offset)) return answer.stream();
  if (answer.status === 404) {
    await answer.dump();
    throw new ChartferryError(`blob ${descriptor.digest} is not in this repository`, {
      code: "blob-unknown",
      operation: "fetch blob",
      registry: end.registry,
      repository: end.repository,
      version: descriptor.digest,
      hint: "its manifest names a blob that the registry has lost: push the chart again with --existing overwrite",
    });
  }
  throw await failure(end, answer, { operation: "fetch blob", version: descriptor.digest });
}

function startsAt(answer: HttpAnswer, offset: number): boolean {
  return answer.headers["content-range"]?.startsWith(`bytes ${offset}-`) ?? false;
}

/** A server that ignores Range sends everything again. */
async function* without(chunks: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = count;
  for await (const chunk of chunks) {
    if (left >= chunk.byteLength) left -= chunk.byteLength;
    else {
      yield left === 0 ? chunk : chunk.subarray(left);
      left = 0;
    }
  }
}
