import { ChartferryError, isChartferryError } from "../errors.ts";
import type { HttpAnswer, HttpClient } from "../http/http-client.ts";
import { brokenDownload, type RequestKind, workRepeats } from "../http/repeat-policy.ts";
import type { DeadHosts } from "./dead-hosts.ts";
import { httpFailure } from "./http-failure.ts";
import { provenanceUrl } from "./chart-url.ts";
import type { ProvenanceFinding } from "./provenance-policy.ts";
import { failedToLook, provenanceLimit } from "./provenance-policy.ts";
import { shown } from "../shown-text.ts";
import { receiveContent } from "./received-content.ts";
import type { ReceivedContent, ReceiveOptions } from "./received-content.ts";

export interface HttpFetcher {
  readonly http: HttpClient;
  readonly deadHosts: DeadHosts;
  /** The index's own origin is never taken for dead: the index came from there. */
  readonly origin: string;
}

const { tries } = workRepeats["chart download"].broken;

/** The chart's bytes, digest checked. @throws source-missing, denied, digest-mismatch, host-not-found … */
export async function fetchChartOverHttp(fetcher: HttpFetcher, url: URL, options: ReceiveOptions): Promise<ReceivedContent> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await get(fetcher, url, { operation: "fetch chart", signal: options.signal });
    if (answer.status !== 200) throw await chartFailure(answer, url);
    try {
      return await receiveContent(answer.stream(), options);
    } catch (error) {
      if (isChartferryError(error, "digest-mismatch")) throw namingEncoding(error, answer);
      if (attempt >= tries || !isChartferryError(error, ...brokenDownload)) throw error;
      await fetcher.http.pause({ attempt, error, signal: options.signal });
    }
  }
}

/** Some servers compress what they were asked to send as it is: then it is not the file that has another digest. */
function namingEncoding(error: ChartferryError, { headers }: HttpAnswer): ChartferryError {
  const encoding = headers["content-encoding"]?.trim() ?? "identity";
  if (/^(?:identity)?$/i.test(encoding)) return error;
  const { code, operation } = error;
  return new ChartferryError(`${error.message}; they came with Content-Encoding: ${shown(encoding)}, which was not asked for`, {
    code,
    operation,
    hint: "Have the server send archives as they are: they are compressed already",
  });
}

/** What lies beside the chart as its provenance. */
export async function fetchProvenanceOverHttp(
  fetcher: HttpFetcher,
  chart: URL,
  signal: AbortSignal | undefined,
): Promise<ProvenanceFinding> {
  const url = provenanceUrl(chart.href);
  try {
    const answer = await get(fetcher, url, { operation: "fetch provenance", wholeBytes: provenanceLimit, signal });
    if (answer.status === 200) return { kind: "bytes", bytes: await answer.bytes(provenanceLimit) };
    if (answer.status === 404 || answer.status === 410) {
      await answer.dump();
      return { kind: "absent" };
    }
    const error = await httpFailure(answer, url, { operation: "fetch provenance", what: "the provenance", missing: "source-missing" });
    return answer.status === 403 ? { kind: "doubtful", why: "status 403" } : { kind: "failed", error };
  } catch (error) {
    return failedToLook(error, signal);
  }
}

async function chartFailure(answer: HttpAnswer, url: URL): Promise<Error> {
  const missingHint = "The index lists a file that its repository does not hold: restore it, or exclude the version";
  return httpFailure(answer, url, { operation: "fetch chart", what: "the chart", missing: "source-missing", missingHint });
}

interface GetOptions {
  readonly operation: string;
  readonly wholeBytes?: number;
  readonly signal: AbortSignal | undefined;
}

async function get(fetcher: HttpFetcher, url: URL, { signal, ...rest }: GetOptions): Promise<HttpAnswer> {
  const headers = { accept: "application/gzip, application/octet-stream, */*", "accept-encoding": "identity" };
  const send = (repeats: RequestKind): Promise<HttpAnswer> =>
    fetcher.http.send({ method: "GET", url, headers, scopes: [], repeats, signal, ...rest });
  if (url.origin === fetcher.origin) return send("plain");
  // The first contact with another host is not repeated: whether it lives shall be known soon. An overloaded host does live.
  return fetcher.deadHosts.reach(url.host, async (first) => {
    if (!first) return send("plain");
    const answer = await send("probe");
    if (answer.status !== 429 && answer.status < 500) return answer;
    await answer.dump();
    return send("plain");
  });
}
