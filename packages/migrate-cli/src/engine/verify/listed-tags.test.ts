import { expect, it } from "vitest";

import { createTagKeeper } from "./listed-tags.ts";

it("gives back every tag once, however often its repository was listed, and in small pieces", () => {
  const keeper = createTagKeeper();
  const tags = new Set(Array.from({ length: 150 }, (_, minor) => `1.${minor}.0`));
  for (let round = 0; round < 2; round++) {
    keeper.keep("a", "charts/web", tags);
    keeper.keep("b", "charts/web", new Set(["1.0.0"]));
    keeper.keep("b", "charts/hidden", undefined);
  }
  const listed = [...keeper.listed()];
  keeper.close();
  expect(listed.filter(({ target }) => target === "a").flatMap((piece) => piece.tags)).toEqual([...tags]);
  expect(listed.filter(({ target }) => target === "b")).toEqual([{ target: "b", repository: "charts/web", tags: ["1.0.0"] }]);
  expect(Math.max(...listed.map((piece) => piece.tags.length))).toBeLessThan(100);
  expect(keeper.unlisted).toBe(1);
});
