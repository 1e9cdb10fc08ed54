import { Readable } from "node:stream";

import { expect, it } from "vitest";

import { openUpload } from "./upload-body.ts";

it("a body that is dropped before it is read never opens its source", async () => {
  let opened = 0;
  const source = {
    size: 1,
    open: () => {
      opened += 1;
      return Readable.from([Buffer.from("x")]);
    },
  };
  const { body } = openUpload(source, { sent: () => {} });
  if (!(body instanceof Readable)) throw new Error("no stream");
  body.destroy();
  expect(opened).toBe(0);

  const { body: read } = openUpload(source, { sent: () => {} });
  if (!(read instanceof Readable)) throw new Error("no stream");
  expect(Buffer.concat(await read.toArray()).toString()).toBe("x");
  expect(opened).toBe(1);
});
