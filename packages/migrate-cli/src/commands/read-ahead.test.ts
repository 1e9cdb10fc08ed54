import { describe, expect, it } from "vitest";

import { createFakeTerminal } from "../testing/fake-terminal.ts";
import { connectOptions } from "./open-targets.ts";
import { readAhead } from "./read-ahead.ts";

const maxWait = 1000;

describe("passwords that are read ahead", () => {
  it("are asked for once, by user and place", async () => {
    const terminal = createFakeTerminal({}, "s3cret\n");
    const flags = { username: "anna", passwordStdin: true, maxWait };
    const ahead = await readAhead({ source: "https://charts.example/stable", targets: ["oci://reg.example:5000/team"], flags }, terminal);
    expect(await connectOptions(flags, ahead, "reg.example:5000")).toMatchObject({
      credential: { username: "anna", password: "s3cret" },
    });
    expect(terminal.prompts).toEqual(["password of anna at reg.example:5000: "]);
  });

  it("are the source's too, where it is a server", async () => {
    const terminal = createFakeTerminal({}, "s3cret\n");
    const flags = { sourceUsername: "anna", sourcePasswordStdin: true, maxWait };
    for (const source of ["https://charts.example/stable", "/srv/charts"]) await readAhead({ source, targets: [], flags }, terminal);
    expect(terminal.prompts).toEqual(["password of anna at charts.example: "]);
  });

  it("are asked for without the control characters of a name", async () => {
    const terminal = createFakeTerminal({}, "s3cret\n");
    await readAhead({ targets: ["oci://reg.example/team"], flags: { username: "an\u001b[2Jna", passwordStdin: true, maxWait } }, terminal);
    expect(terminal.prompts).toHaveLength(1);
    expect(terminal.prompts[0]).not.toContain("\u001b");
  });

  it("that nobody asked for are not", async () => {
    const terminal = createFakeTerminal();
    await readAhead({ source: "https://charts.example", targets: ["oci://reg.example/team"], flags: { maxWait } }, terminal);
    expect(terminal.prompts).toEqual([]);
  });

  it("and cannot be had are told of to whoever wants them", async () => {
    const flags = { username: "anna", passwordStdin: true, maxWait };
    const ahead = await readAhead({ targets: ["oci://reg.example/team"], flags }, createFakeTerminal());
    await expect(connectOptions(flags, ahead, "reg.example")).rejects.toMatchObject({
      code: "usage",
      message: "the password for --username is empty",
    });
  });
});
