import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { readReport } from "./runs/read-report.ts";
import { type SpawnedChartferry, spawnChartferry } from "./support/chartferry.ts";
import { type StaticServer, startStaticServer } from "./servers/start-static-server.ts";
import { makeCertificates } from "./servers/make-certificates.ts";
import { basicAuthorization, testUser } from "./support/test-user.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("password");
let place: StaticServer;
beforeAll(async () => {
  writeRepository(join(scratch, "repository"), [makeChart("web", "1.0.0")]);
  place = await startStaticServer(join(scratch, "repository"));
});
afterAll(async () => {
  await place.stop();
  removeTempDir(scratch);
});

function newHome(name: string): string {
  const home = join(scratch, name);
  mkdirSync(home);
  return home;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((settle) => setTimeout(settle, 20));
}

/** The program has begun to read its stdin: it no longer waits in a read. Source: proc_pid_fdinfo(5). */
function readsStdin({ processId }: SpawnedChartferry): boolean {
  const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/${processId}/fdinfo/0`, "utf8"))?.[1] ?? "0";
  return (Number.parseInt(flags, 8) & 0o4000) !== 0;
}

describe.skipIf(!existsSync("/proc/self/fdinfo"))("a password that does not come by stdin (skipped where there is no /proc)", () => {
  it.each([
    ["SIGINT", "--username", "--password-stdin"],
    ["SIGTERM", "--username", "--password-stdin"],
    ["SIGINT", "--source-username", "--source-password-stdin"],
  ] as const)(
    "is waited for until %s: then a migration (%s) ends at once with 130 and a report, and nobody was asked",
    async (...words) => {
      const [signal, user, stdin] = words;
      const home = newHome(`pipe-${signal}${user}`);
      const file = join(home, "report.json");
      const before = place.requests.length;
      const command = ["migrate", place.url, `oci://${place.host}/charts`, user, "anna", stdin, "--report", file];
      const running = spawnChartferry(command, { home, openStdin: true });
      running.type("s3c");
      await until(() => readsStdin(running));
      running.kill(signal);
      const { code, output } = await running.ended;
      expect({ code, output }).toMatchObject({ code: 130, output: expect.stringContaining("interrupted") });
      expect(readReport(file)).toMatchObject({ run: { end: "interrupted" }, versions: [] });
      expect(place.requests.length - before).toBe(0);
    },
  );
});

function makePipe(home: string): string {
  const pipe = join(home, "pipe");
  execFileSync("mkfifo", [pipe]);
  return pipe;
}

describe.skipIf(process.platform === "win32")("a pipe in the place of a file (skipped on Windows, which has no such pipes)", () => {
  it.each([
    ["--registry-config", []],
    ["--ca-file", []],
    ["--source-registry-config", []],
    ["--source-ca-file", []],
    ["--source-password-file", ["--source-username", "anna"]],
  ] as const)("(%s) is waited for until SIGINT: then a migration ends at once with 130 and a report", async (option, more) => {
    const home = newHome(`fifo${option}`);
    const [pipe, file] = [makePipe(home), join(home, "report.json")];
    const running = spawnChartferry(["migrate", place.url, `oci://${place.host}/charts`, option, pipe, ...more, "--report", file], {
      home,
    });
    const writer = await open(pipe, "w");
    running.kill("SIGINT");
    const { code, output } = await running.ended;
    await writer.close();
    expect({ code, output }).toMatchObject({ code: 130, output: expect.stringContaining("interrupted") });
    expect(readReport(file)).toMatchObject({ run: { end: "interrupted" }, versions: [] });
  });

  it("gives a password, a credential file and an authority, though more than one reader wants them", async () => {
    const home = newHome("process-substitution");
    const certificates = makeCertificates(home);
    const [source, registry] = [
      await startStaticServer(join(scratch, "repository"), { auth: true }),
      await startStaticServer(join(scratch, "repository"), { auth: true, tls: certificates }),
    ];
    const { username, password } = testUser;
    const login = { auths: { [registry.host]: { auth: Buffer.from(`${username}:${password}`).toString("base64") } } };
    const env = { SECRET: password, LOGIN: JSON.stringify(login) };
    // After the program's own two words.
    const words = [source.url, `oci://${registry.host}/charts`, username, certificates.caFile];
    const pipes = '--source-password-file <(printenv SECRET) --registry-config <(printenv LOGIN) --ca-file <(cat "$6")';
    const within = ["bash", "-c", `"$1" "$2" migrate "$3" "$4" --source-username "$5" ${pipes} --created-from "$4/before"`, "bash"];
    const running = spawnChartferry(words, { home, env, within });
    const { output } = await running.ended;
    // The registry holds no charts and takes none: whoever was let in learns that nothing is there.
    expect(output).toContain("repository-missing (1)");
    expect(source.requests.some(({ path, status }) => path === "/web-1.0.0.tgz" && status === 200)).toBe(true);
    const known = (folder: string): boolean =>
      registry.requests.some(({ path, headers }) => path.startsWith(folder) && headers.authorization === basicAuthorization());
    expect([known("/v2/charts/web/tags"), known("/v2/charts/before/")]).toEqual([true, true]);
    await Promise.all([source.stop(), registry.stop()]);
  });
});

/** Gives a program a terminal of its own. */
const script = "/usr/bin/script";
const hasScript = process.platform === "linux" && existsSync(script);

function onTerminal(args: readonly string[], home: string): SpawnedChartferry {
  const within = ["/bin/sh", "-c", `exec ${script} -qefc "$*" /dev/null`, "sh"];
  return spawnChartferry(args, { home, within, openStdin: true });
}

const command = (): string[] => ["migrate", join(scratch, "repository"), `oci://${place.host}/charts`, "--username", "anna"];
const question = (): string => `password of anna at ${place.host}: `;

describe.skipIf(!hasScript)("a password on a terminal (skipped where Linux's script is not there)", () => {
  it("is asked for, not shown, and tried", async () => {
    const running = onTerminal([...command(), "--password-stdin", "--debug"], newHome("typed"));
    await until(() => running.output().includes(question()));
    running.type("s3cret\r");
    const { output } = await running.ended;
    expect(output.replaceAll("\r", "")).toContain(`${question()}\n`);
    expect(output).not.toContain("s3cret");
    expect(place.requests.some(({ path }) => path === "/v2/")).toBe(true);
  });

  it("is asked for until Ctrl-C: then the run ends at once with 130 and a report", async () => {
    const home = newHome("ctrl-c");
    const file = join(home, "report.json");
    const running = onTerminal([...command(), "--password-stdin", "--report", file], home);
    await until(() => running.output().includes(question()));
    running.type("s3c\u0003");
    const { code, output } = await running.ended;
    expect({ code, output }).toMatchObject({ code: 130, output: expect.stringContaining("interrupted: run the same command again") });
    expect(readReport(file)).toMatchObject({ run: { end: "interrupted" }, versions: [] });
  });
});
