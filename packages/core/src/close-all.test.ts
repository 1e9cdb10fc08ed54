import { expect, it } from "vitest";

import { closeAll } from "./close-all.ts";

const failing = (name: string) => (): Promise<never> => Promise.reject(new Error(name));

it("closes the others too when one cannot be closed, one after the other, and fails as the first that could not", async () => {
  const closed: string[] = [];
  const closing = (name: string) => async (): Promise<void> => {
    closed.push(`${name} begins`);
    await Promise.resolve();
    closed.push(`${name} ends`);
  };
  await expect(closeAll([closing("one"), failing("two"), closing("three"), failing("four")])).rejects.toThrow("two");
  expect(closed).toEqual(["one begins", "one ends", "three begins", "three ends"]);
});
