import { inParallel, pushChart, type UploadForm } from "../load/push-charts.ts";
import { createSender, type SendRequest } from "../load/send-request.ts";
import { syntheticChart } from "../load/synthetic-charts.ts";
import { cpuSecondsOf, peakMegabytesOf } from "./measure-process.ts";
import { packedSize, seeded } from "./synthetic-repository.ts";

export interface PushPlan {
  /** Versions that stand in the repository before anything is measured. */
  readonly standing: number;
  readonly charts: number;
  readonly clients: number;
  readonly form: UploadForm;
}

export interface PushFigures {
  readonly chartsPerSecondWhileFilling: number;
  readonly chartsPerSecond: number;
  readonly requestsPerChart: number;
  /** Of the server, in the measured part. */
  readonly cpuMillisecondsPerChart: number;
  readonly peakMegabytes: number;
}

/** Fills one repository with small versions, then pushes charts of real sizes into it; only these are measured. */
export async function measurePushes(server: { readonly url: string; readonly processId: number }, plan: PushPlan): Promise<PushFigures> {
  const { standing, charts, clients, form } = plan;
  const { send, close } = createSender(server.url, clients);
  const random = seeded(1);
  const sizes = Array.from({ length: charts }, () => Math.round(packedSize(random)));
  let requests = 0;
  const counted: SendRequest = (path, request) => {
    requests += 1;
    return send(path, request);
  };
  const push = (number: number, size: number): Promise<void> =>
    pushChart(counted, "bench/web", { chart: syntheticChart(`1.${number}.0`, size), form });
  try {
    const fillSeconds = await secondsOf(() => inParallel(standing, clients, (number) => push(number, 100)));
    const before = cpuSecondsOf(server.processId);
    requests = 0;
    const pushSeconds = await secondsOf(() => inParallel(charts, clients, (number) => push(standing + number, sizes[number] ?? 0)));
    return {
      chartsPerSecondWhileFilling: standing / fillSeconds,
      chartsPerSecond: charts / pushSeconds,
      requestsPerChart: requests / charts,
      cpuMillisecondsPerChart: (1000 * (cpuSecondsOf(server.processId) - before)) / charts,
      peakMegabytes: peakMegabytesOf(server.processId),
    };
  } finally {
    close();
  }
}

async function secondsOf(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}
