import { PassThrough } from "node:stream";

import { expect, it } from "vitest";

import { readStream } from "./read-stream.ts";

it("reads to the end", async () => {
  const stream = new PassThrough();
  stream.write("s3");
  stream.end("cret\n");
  const text = await readStream(stream, { name: "stdin", limitBytes: 1024, interrupt: new AbortController().signal });
  expect(text.toString()).toBe("s3cret\n");
});

it("ends at once where the user interrupts, before or meanwhile, though the stream stays open", async () => {
  const interrupt = new AbortController();
  const options = { name: "stdin", limitBytes: 1024, interrupt: interrupt.signal };
  const stream = new PassThrough();
  const reading = readStream(stream, options);
  stream.write("s3");
  setImmediate(() => interrupt.abort());
  await expect(reading).rejects.toMatchObject({ code: "aborted", message: "interrupted" });
  await expect(readStream(new PassThrough(), options)).rejects.toMatchObject({ code: "aborted" });
});

it("takes no more than it may", async () => {
  const stream = new PassThrough();
  stream.write(Buffer.alloc(2048));
  const reading = readStream(stream, { name: "stdin", limitBytes: 1024, interrupt: new AbortController().signal });
  await expect(reading).rejects.toMatchObject({ code: "usage", message: "stdin holds more than 1 KiB" });
});
