import { pushChart, RefusedError } from "./push-charts.ts";
import { createSender, type SendRequest } from "./send-request.ts";
import { digestOf, syntheticChart, type SyntheticChart } from "./synthetic-charts.ts";

export interface CrowdOptions {
  readonly url: string;
  readonly clients: number;
  readonly milliseconds: number;
  readonly repositories: number;
}

export interface Acknowledged {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

export interface CrowdOutcome {
  /** Charts whose manifest was answered 201. */
  readonly acknowledged: readonly Acknowledged[];
  readonly pulled: number;
  /** What went wrong, by status or error code, and how often. */
  readonly problems: Readonly<Record<string, number>>;
  /** Bytes that were served and are not those of their digest; must stay empty. */
  readonly wrong: readonly string[];
}

interface Crowd {
  readonly acknowledged: Acknowledged[];
  readonly problems: Record<string, number>;
  readonly wrong: string[];
  pulled: number;
}

/** Many clients at once, each pushing its own charts and pulling those of others, however much of it fails. */
export async function runCrowd({ url, clients, milliseconds, repositories }: CrowdOptions): Promise<CrowdOutcome> {
  const crowd: Crowd = { acknowledged: [], problems: {}, wrong: [], pulled: 0 };
  const end = performance.now() + milliseconds;
  const client = async (own: number): Promise<void> => {
    const { send, close } = createSender(url, 1);
    for (let turn = 0; performance.now() < end; turn += 1) {
      const repository = `crowd/chart-${(own + turn) % repositories}`;
      try {
        // Two thirds write: every second one by a session, which keeps its file open while it is sent.
        if (turn % 3 === 2) await pullAny(send, crowd, own + turn);
        else await pushOne(send, crowd, { repository, tag: `${own}.${turn}.0`, form: turn % 2 === 0 ? "single" : "session" });
      } catch (error) {
        const name = problemOf(error);
        crowd.problems[name] = (crowd.problems[name] ?? 0) + 1;
        // As any client would: not at once again.
        await new Promise((done) => setTimeout(done, 20 + ((own * 7 + turn) % 80)));
      }
    }
    close();
  };
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  return crowd;
}

async function pushOne(
  send: SendRequest,
  crowd: Crowd,
  { repository, tag, form }: { repository: string; tag: string; form: "single" | "session" },
): Promise<void> {
  const chart: SyntheticChart = syntheticChart(tag, 20_000);
  await pushChart(send, repository, { chart, form });
  crowd.acknowledged.push({ repository, tag, digest: chart.manifest.digest });
}

async function pullAny(send: SendRequest, crowd: Crowd, salt: number): Promise<void> {
  const chosen = crowd.acknowledged[(salt * 7919) % Math.max(1, crowd.acknowledged.length)];
  if (chosen === undefined) return;
  await pullChart(send, chosen, (text) => crowd.wrong.push(text));
  crowd.pulled += 1;
}

/** Reads manifest and blobs and compares every digest. */
export async function pullChart(
  send: SendRequest,
  { repository, tag, digest }: Acknowledged,
  wrong: (text: string) => void,
): Promise<void> {
  const manifest = await got(send, `/v2/${repository}/manifests/${tag}`);
  if (digestOf(manifest) !== digest) wrong(`${repository}:${tag} is ${manifest.toString("utf8", 0, 200)}`);
  const { config, layers }: { config: { digest: string }; layers: { digest: string }[] } = JSON.parse(manifest.toString());
  for (const blob of [config, ...layers]) {
    const bytes = await got(send, `/v2/${repository}/blobs/${blob.digest}`);
    if (digestOf(bytes) !== blob.digest) wrong(`${repository}@${blob.digest} has ${bytes.byteLength} other bytes`);
  }
}

async function got(send: SendRequest, path: string): Promise<Buffer> {
  const answer = await send(path, { method: "GET" });
  if (answer.status !== 200) throw new RefusedError(`GET ${path}`, answer);
  return answer.body;
}

function problemOf(error: unknown): string {
  if (error instanceof RefusedError) return String(error.status);
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
