import { once } from "node:events";
import { createServer } from "node:http";

import { expect, it, onTestFinished } from "vitest";

import { createFakeTerminal } from "../testing/fake-terminal.ts";
import { readCreatedFrom } from "./created-from-flag.ts";

it("an interruption ends the waiting for the place of --created-from", async () => {
  const terminal = createFakeTerminal();
  const registry = createServer(({ url }, answer) => {
    if (url === "/v2/") answer.end("{}");
    else {
      answer.writeHead(429, { "retry-after": "3600" }).end();
      terminal.press();
    }
  }).listen(0, "127.0.0.1");
  await once(registry, "listening");
  const address = registry.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const flag = readCreatedFrom(`oci://127.0.0.1:${port}/charts`, { flags: { maxWait: 7_200_000 }, mapping: {}, terminal });
  onTestFinished(async () => {
    await flag.close();
    registry.close();
  });
  await flag.open([]);
  const question = { chart: "web", version: "1.0.0", layerDigest: `sha256:${"a".repeat(64)}` };
  await expect(flag.ask(question)).rejects.toMatchObject({ code: "aborted" });
});
