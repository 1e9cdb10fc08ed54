import { PassThrough } from "node:stream";

import { describe, expect, it } from "vitest";

import { ask } from "./ask.ts";

/** Somebody at a terminal who is asked for a password; what they see, and whether they interrupted. */
function person() {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const interrupt = new AbortController();
  const asking = { input, output, interrupt: interrupt.signal, onCtrlC: () => interrupt.abort() };
  return {
    interrupt,
    asked: ask({ prompt: "password of anna: ", hidden: true }, asking),
    askedOpenly: () => ask({ prompt: "user: ", hidden: false }, asking),
    types: (text: string) => void input.write(text),
    sees: () => String(output.read(output.readableLength) ?? ""),
    isListenedTo: () => input.listenerCount("keypress") > 0,
  };
}

describe("a question on a terminal", () => {
  it("is answered by a line that is not shown", async () => {
    const { asked, types, sees } = person();
    types("s3cret, with c\u0301 and \u00e9");
    types("\r");
    expect(await asked).toBe("s3cret, with c\u0301 and \u00e9");
    expect(sees()).toBe("password of anna: \n");
  });

  it("lets mistakes be corrected", async () => {
    const { asked, types } = person();
    types("s3crex\u007ft\r");
    expect(await asked).toBe("s3cret");
  });

  it("ends at once with Ctrl-C, which is a key then and no signal", async () => {
    const { asked, types, interrupt, sees, isListenedTo } = person();
    types("s3c\u0003");
    await expect(asked).rejects.toMatchObject({ code: "aborted", message: "interrupted" });
    expect(interrupt.signal.aborted).toBe(true);
    expect(sees()).toBe("password of anna: \n");
    expect(isListenedTo()).toBe(false);
  });

  it("ends at once with a signal from elsewhere, and is not asked after one", async () => {
    const { asked, interrupt, askedOpenly } = person();
    interrupt.abort();
    await expect(asked).rejects.toMatchObject({ code: "aborted" });
    await expect(askedOpenly()).rejects.toMatchObject({ code: "aborted" });
  });

  it("has an empty answer where the terminal is closed", async () => {
    const { asked, types } = person();
    types("\u0004");
    expect(await asked).toBe("");
  });
});
