import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createSilentServer, type Server } from "node:net";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { createFakeTerminal } from "../testing/fake-terminal.ts";
import { closeTargets, openTargets } from "./open-targets.ts";

const dead = ["oci://one.invalid/charts", "oci://two.invalid/charts"];
const maxWait = 1000;

interface Silent {
  readonly target: string;
  /** Cuts them, and takes no more. */
  readonly stop: () => void;
}

/** Takes connections and never says a word. */
async function startSilent(): Promise<Silent> {
  const server = createSilentServer();
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("error", () => {}).once("close", () => sockets.delete(socket));
  });
  const port = await listen(server);
  const stop = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(stop);
  return { target: `oci://127.0.0.1:${port}/charts`, stop };
}

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}

describe("openTargets", () => {
  it("refuses --plain-http for several registries before any of them is asked", async () => {
    const opening = openTargets(dead, { flags: { maxWait, plainHttp: true } }, createFakeTerminal());
    await expect(opening).rejects.toMatchObject({
      code: "usage",
      message: "--plain-http cannot serve several registries",
      hint: "addresses of this machine fall back to http by themselves; otherwise run once for each target",
    });
  });

  it("refuses --insecure-skip-tls-verify for several registries", async () => {
    const opening = openTargets(dead, { flags: { maxWait, insecureSkipTlsVerify: true } }, createFakeTerminal());
    await expect(opening).rejects.toMatchObject({
      code: "usage",
      message: "--insecure-skip-tls-verify cannot serve several registries",
      hint: "name its authority with --ca-file, or run once for each target",
    });
  });

  it("takes both for folders, and for one registry beside them", async () => {
    const registry = createServer((_, answer) => answer.end("{}"));
    const port = await listen(registry);
    const targets = [`oci-layout:${temporaryFolder()}`, `oci-layout:${temporaryFolder()}`, `oci://127.0.0.1:${port}/charts`];
    const flags = { maxWait, plainHttp: true, insecureSkipTlsVerify: true };
    const opened = await openTargets(targets, { flags }, createFakeTerminal());
    expect(opened.map(({ id }) => id)).toEqual(targets);
    await closeTargets(opened);
    registry.close();
  });

  it("waits for the first that can be used only: the others are opened while that one works", async () => {
    const silent = await startSilent();
    const folder = `oci-layout:${temporaryFolder()}`;
    const [late, there] = await openTargets([silent.target, folder], { flags: { maxWait } }, createFakeTerminal());
    await there?.opened;
    expect([there?.connection.adapter, late?.connection.adapter]).toEqual(["oci-layout", "none"]);
    expect([late?.connection.nameProblems("charts/web"), late?.connection.traffic()]).toEqual([[], {}]);
    const asked = late?.connection.openStore("charts/web");
    silent.stop();
    await expect(asked).rejects.toMatchObject({ code: expect.stringMatching(/^connection-/) });
    await expect(late?.opened).rejects.toMatchObject({ code: expect.stringMatching(/^connection-/) });
    await closeTargets([late, there].flatMap((target) => target ?? []));
  });

  it("calls off what is still being opened when all are closed, and when the user interrupts", async () => {
    const silent = await startSilent();
    const terminal = createFakeTerminal();
    const open = (): ReturnType<typeof openTargets> =>
      openTargets([silent.target, `oci-layout:${temporaryFolder()}`], { flags: { maxWait } }, terminal);
    const first = await open();
    await closeTargets(first);
    await expect(first[0]?.opened).rejects.toMatchObject({ code: "aborted" });
    const second = await open();
    terminal.press();
    await expect(second[0]?.opened).rejects.toMatchObject({ code: "aborted" });
    await closeTargets(second);
  });

  it("fails as the first that was named where none can be used, and closes what it opened where the user made a mistake", async () => {
    const [one, two] = [await startSilent(), await startSilent()];
    const hosts = [one, two].map(({ target }) => new URL(target.replace("oci:", "http:")).host);
    one.stop();
    two.stop();
    const none = openTargets([two.target, one.target], { flags: { maxWait } }, createFakeTerminal());
    await expect(none).rejects.toMatchObject({ code: "connection-refused", message: expect.stringContaining(hosts[1] ?? "") });
    const folder = temporaryFolder();
    const caFile = join(folder, "no-such-file.pem");
    const mistaken = openTargets([`oci-layout:${folder}`, two.target], { flags: { maxWait, caFile } }, createFakeTerminal());
    await expect(mistaken).rejects.toMatchObject({ code: "file-missing" });
    // Its lock is gone.
    await closeTargets(await openTargets([`oci-layout:${folder}`], { flags: { maxWait } }, createFakeTerminal()));
  });

  it("keeps one that does not answer when the user interrupts, alone or beside others: the run that follows says that it did nothing", async () => {
    const [silent, more] = [(await startSilent()).target, (await startSilent()).target];
    const folder = `oci-layout:${temporaryFolder()}`;
    for (const targets of [[silent], [silent, more], [silent, folder]]) {
      const terminal = createFakeTerminal();
      const opening = openTargets(targets, { flags: { maxWait: 60_000 } }, terminal);
      setTimeout(() => terminal.press(), 100);
      const opened = await opening;
      expect(opened.map(({ id }) => id)).toEqual(targets);
      await expect(opened[0]?.connection.openStore("charts/web")).rejects.toMatchObject({ code: "aborted" });
      await closeTargets(opened);
    }
  });
});
