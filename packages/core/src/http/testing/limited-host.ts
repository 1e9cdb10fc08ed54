import type { Clock } from "../../clock.ts";
import { ChartferryError } from "../../errors.ts";
import type { HttpAnswer } from "../http-client.ts";
import { createRequestGate, type GateOptions, throughGate } from "../gate/request-gate.ts";
import { type Attempt, repeatedly } from "../gate/retry.ts";
import { retryAfter, type RetryAfterForm } from "./retry-after-forms.ts";

/** A host with a token bucket in front. */
export interface LimitedHost {
  /** Tokens a second. */
  readonly rate: number;
  /** Tokens that the bucket holds. */
  readonly burst: number;
  /** From sending to the answer. Milliseconds. */
  readonly roundTrip: number;
  readonly status: 429 | 503;
  /** How it says when the next token comes; it does not where this is left out. */
  readonly retryAfter?: RetryAfterForm | undefined;
  /** A refusal takes a token too. */
  readonly refusalsCost?: boolean;
  /** Milliseconds after the first request between which it serves nobody. */
  readonly away?: readonly [from: number, until: number];
  /** Refused for ever, at the cost of no token; all others are served. */
  readonly neverServes?: (repository: string) => boolean;
  /** Every so many-th connection breaks before its answer. */
  readonly breaksEvery?: number;
}

export interface Served {
  readonly granted: number;
  readonly refused: number;
  readonly failed: readonly unknown[];
  /** What these were about, each once. */
  readonly failedRepositories: readonly string[];
  readonly milliseconds: number;
  /** Granted, of what the bucket would have given to somebody who always came at the right moment. */
  readonly used: number;
}

const versionsOfChart = 10;

/** Sends `count` requests, `concurrency` at a time, through a gate to the host. */
export async function sendThroughGate(
  host: LimitedHost,
  load: { readonly count: number; readonly concurrency: number },
  options: GateOptions,
): Promise<Served> {
  const { clock } = options;
  const gate = createRequestGate(options);
  const server = bucketServer(host, clock);
  const failed: unknown[] = [];
  const failedRepositories = new Set<string>();
  let left = load.count;
  const started = clock.now();
  const worker = async (): Promise<void> => {
    while (left-- > 0) await work(`chart-${Math.floor((load.count - left - 1) / versionsOfChart)}`);
  };
  const work = async (repository: string): Promise<void> => {
    const url = new URL(`https://registry.test/v2/${repository}/blobs/uploads/`);
    const request = { method: "POST", url, operation: "push blob", repository } as const;
    const send = ({ patience }: Attempt): Promise<HttpAnswer> =>
      throughGate(gate, { ...request, patience }, () => server.answer(repository));
    const outcome = await repeatedly(send, request, options).then(
      ({ status }) => status,
      (error: unknown) => error,
    );
    if (outcome === 202) return;
    failed.push(outcome);
    failedRepositories.add(repository);
  };
  await Promise.all(Array.from({ length: load.concurrency }, worker));
  const milliseconds = clock.now() - started;
  const { granted, refused } = server.counts;
  return {
    granted,
    refused,
    failed,
    failedRepositories: [...failedRepositories],
    milliseconds,
    used: granted / (host.burst + (host.rate * milliseconds) / 1000),
  };
}

function bucketServer(host: LimitedHost, clock: Clock) {
  const counts = { granted: 0, refused: 0, seen: 0 };
  let tokens = host.burst;
  const began = clock.now();
  let since = began;
  const [from, until] = host.away ?? [0, 0];
  const take = (): boolean => {
    const now = clock.now();
    if (now - began >= from && now - began < until) {
      counts.refused++;
      return false;
    }
    tokens = Math.min(host.burst, tokens + ((now - since) * host.rate) / 1000);
    since = now;
    const enough = tokens >= 1;
    if (enough || host.refusalsCost === true) tokens = Math.max(0, tokens - 1);
    counts[enough ? "granted" : "refused"]++;
    return enough;
  };
  const refuse = (): boolean => {
    counts.refused++;
    return false;
  };
  return {
    counts,
    async answer(repository: string): Promise<HttpAnswer> {
      await clock.sleep(host.roundTrip / 2);
      if (++counts.seen % (host.breaksEvery ?? Infinity) === 0) throw broken();
      const granted = host.neverServes?.(repository) === true ? refuse() : take();
      const headers = granted || host.retryAfter === undefined ? {} : retryAfter[host.retryAfter]((1 - tokens) / host.rate, clock.now());
      await clock.sleep(host.roundTrip / 2);
      return answerWith(granted ? 202 : host.status, headers);
    },
  };
}

function broken(): ChartferryError {
  return new ChartferryError("reset", { code: "connection-lost", operation: "push blob", retryable: true });
}

function answerWith(status: number, headers: Readonly<Record<string, string>>): HttpAnswer {
  return {
    status,
    headers,
    url: new URL("https://registry.test/v2/"),
    bytes: () => Promise.resolve(new Uint8Array()),
    async *stream() {},
    dump: () => Promise.resolve(),
  };
}
