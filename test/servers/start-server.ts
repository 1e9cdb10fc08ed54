import { type ChildProcess, spawn } from "node:child_process";
import { request as requestOverHttp } from "node:http";
import { request as requestOverHttps } from "node:https";
import { createServer } from "node:net";

import { atProcessEnd } from "../support/at-process-end.ts";

export interface RunningServer {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly url: string;
  readonly processId: number;
  /** What it printed so far, both streams. */
  readonly output: () => string;
  /** Ends it by its process id: SIGTERM, and SIGKILL when it has not gone after five seconds. `SIGKILL` at once to simulate a crash. */
  readonly stop: (signal?: "SIGTERM" | "SIGKILL") => Promise<void>;
}

export interface ServerProgram {
  readonly name: string;
  readonly program: string;
  /** Called with the port to listen on (127.0.0.1), possibly more than once: a port can be lost to another process in between. */
  arguments(port: number): readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly scheme?: "http" | "https";
  /** Any answer at this path means that the server is ready. Default: `/v2/`. */
  readonly readyPath?: string;
}

const PORT_ATTEMPTS = 3;
const READY_LIMIT_MS = 20_000;
const POLL_MS = 25;
const TERMINATION_LIMIT_MS = 5000;

/** Starts a server program on a free port of this machine and returns when it answers. */
export async function startServer(server: ServerProgram): Promise<RunningServer> {
  let problem = "";
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const result = await startOn(await findFreePort(), server);
    if (typeof result !== "string") return result;
    problem = result;
    if (!/address already in use/iu.test(problem)) break;
  }
  throw new Error(`${server.name} did not start: ${problem}`);
}

/** A port of 127.0.0.1 that nobody listened on a moment ago. */
export async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done, fail) => {
    probe.once("error", fail);
    probe.listen(0, "127.0.0.1", done);
  });
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  if (address === null || typeof address === "string") throw new Error("the system named no port");
  return address.port;
}

async function startOn(port: number, server: ServerProgram): Promise<RunningServer | string> {
  const env = { PATH: process.env["PATH"], HOME: "/nonexistent", TZ: "UTC", ...server.env };
  const child = spawn(server.program, server.arguments(port), { env, stdio: ["ignore", "pipe", "pipe"] });
  const callOff = atProcessEnd(() => child.kill("SIGKILL"));
  let output = "";
  const ended = new Promise<string>((settle) => {
    child.once("error", (error) => settle(error.message));
    child.once("close", (code, signal) => settle(`it ended with ${code ?? signal}\n${output}`));
  }).finally(callOff);
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));

  const host = `127.0.0.1:${port}`;
  const url = `${server.scheme ?? "http"}://${host}`;
  const ready = new AbortController();
  const problem = await Promise.race([ended, waitUntilReady(`${url}${server.readyPath ?? "/v2/"}`, ready.signal)]);
  ready.abort();
  if (problem === undefined) {
    return { host, url, processId: child.pid ?? 0, output: () => output, stop: (signal = "SIGTERM") => stop(child, ended, signal) };
  }
  await stop(child, ended, "SIGKILL");
  return problem;
}

async function waitUntilReady(url: string, signal: AbortSignal): Promise<string | undefined> {
  const limit = performance.now() + READY_LIMIT_MS;
  while (performance.now() < limit && !signal.aborted) {
    if (await answers(url)) return undefined;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  return `it did not answer at ${url} within ${READY_LIMIT_MS / 1000} s`;
}

function answers(url: string): Promise<boolean> {
  const send = url.startsWith("https:") ? requestOverHttps : requestOverHttp;
  return new Promise((settle) => {
    // Only whether something answers is asked here; the tests themselves verify certificates.
    const request = send(url, { rejectUnauthorized: false, timeout: 2000, agent: false }, (response) => {
      response.resume();
      settle(true);
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => settle(false));
    request.end();
  });
}

async function stop(child: ChildProcess, ended: Promise<string>, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (child.pid === undefined) return;
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), TERMINATION_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}
