import { tmpdir } from "node:os";

import { describe, expect, it, onTestFinished } from "vitest";

import { ChartferryError } from "../errors.ts";
import { createHttpClient } from "../http/create-http-client.ts";
import type { HttpAnswer, HttpClient } from "../http/http-client.ts";
import { manualClock } from "../http/testing/manual-clock.ts";
import { createDeadHosts } from "./dead-hosts.ts";
import { fetchIndex } from "./fetch-index.ts";
import { fetchChartOverHttp } from "./fetch-over-http.ts";
import { failureOf } from "./testing/classic-repository.ts";

const url = new URL("https://charts.test/file");

/** Whose every download breaks off after some bytes, and meanwhile all waiting is ended. */
function interruptedClient(): HttpClient & { readonly sent: () => number } {
  const stop = new AbortController();
  const http = createHttpClient({ origin: url, clock: manualClock(), random: () => 0, stopWaiting: stop.signal });
  onTestFinished(() => http.close());
  let sent = 0;
  const answer: HttpAnswer = {
    status: 200,
    headers: { etag: '"a"', "content-length": "5000" },
    url,
    bytes: async () => new Uint8Array(),
    dump: async () => {},
    async *stream() {
      yield new Uint8Array(1000);
      stop.abort();
      throw new ChartferryError("broken", { code: "connection-lost", operation: "read index", retryable: true, registry: url.host });
    },
  };
  const send: HttpClient["send"] = async () => {
    sent++;
    return answer;
  };
  return { ...http, send, sent: () => sent };
}

describe("a download that broke off when all waiting was ended", () => {
  it("of an index is not waited for", async () => {
    const http = interruptedClient();
    const fetching = fetchIndex(url, { http, limit: 10_000, directory: tmpdir() });
    expect(await failureOf(fetching)).toMatchObject({ code: "aborted", registry: "charts.test" });
    expect(http.sent()).toBe(1);
  });

  it("of a chart is not waited for", async () => {
    const http = interruptedClient();
    const fetcher = { http, deadHosts: createDeadHosts(manualClock()), origin: url.origin };
    const fetching = fetchChartOverHttp(fetcher, url, { sizeLimit: 10_000, operation: "fetch chart" });
    expect(await failureOf(fetching)).toMatchObject({ code: "aborted", registry: "charts.test" });
    expect(http.sent()).toBe(1);
  });
});
