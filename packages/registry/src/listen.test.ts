import { Server } from "node:net";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it, onTestFinished, vi } from "vitest";

import { startRegistry } from "./start-registry.ts";

function storage(): string {
  const directory = mkdtempSync(join(tmpdir(), "chartferry-listen-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

it("leaves no folder behind that it made and did not come to serve, and everything that was there", async () => {
  const place = storage();
  const first = await startRegistry({ directory: join(place, "first") });
  const taken = { port: first.port };
  await expect(startRegistry({ directory: join(place, "a", "b"), ...taken })).rejects.toMatchObject({ code: "usage" });
  expect(readdirSync(place)).toEqual(["first"]);
  mkdirSync(join(place, "there"));
  await expect(startRegistry({ directory: join(place, "there"), ...taken })).rejects.toMatchObject({ code: "usage" });
  expect(readdirSync(place)).toEqual(["first", "there"]);
  const tls = { cert: "no certificate", key: "no key" };
  await expect(startRegistry({ directory: join(place, "never"), tls })).rejects.toMatchObject({ code: "usage" });
  expect(readdirSync(place)).toEqual(["first", "there"]);
  await first.close();
});

it("says of an address that is not this machine's that the address is at fault, and of a port in use that the port is", async () => {
  // Kept for documentation (RFC 5737): no machine has it.
  await expect(startRegistry({ directory: storage(), host: "192.0.2.1" })).rejects.toMatchObject({
    code: "usage",
    hint: "listen on an address of this machine",
  });
  const first = await startRegistry({ directory: storage() });
  const second = startRegistry({ directory: storage(), port: first.port });
  await expect(second).rejects.toMatchObject({ code: "usage", hint: "choose another port, or 0 for any that is free" });
  await first.close();
});

it("goes on after connections that could not be accepted, and reports each", async () => {
  const listen = vi.spyOn(Server.prototype, "listen");
  onTestFinished(() => listen.mockRestore());
  const reported: unknown[] = [];
  const registry = await startRegistry({ directory: storage(), reportFailure: (error) => reported.push(error) });
  const [server] = listen.mock.contexts;
  if (!(server instanceof Server)) throw new Error("it has no server");
  const failures = [1, 2].map(() => Object.assign(new Error("accept ENOBUFS"), { code: "ENOBUFS" }));
  for (const failure of failures) server.emit("error", failure);
  expect(reported).toEqual(failures);
  expect((await fetch(`${registry.url}/v2/`)).status).toBe(200);
  await registry.close();
});
