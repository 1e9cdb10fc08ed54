import { expect, it } from "vitest";

import { resolveChartUrls } from "./chart-url.ts";

const base = new URL("https://charts.example/stable/?token=secret");

it.each(["/\\evil.example/x.tgz", "\\\\evil.example/x.tgz", "\\/evil.example/x.tgz", " //evil.example/x.tgz"])(
  "the repository's query is not told to the other host that %j names",
  (text) => {
    expect(resolveChartUrls([text], base, []).urls).toEqual(["https://evil.example/x.tgz"]);
  },
);

it.each([
  ["x.tgz", "https://charts.example/stable/x.tgz?token=secret"],
  ["/x.tgz?old=1", "https://charts.example/x.tgz?token=secret"],
])("the repository's query replaces that of %j, which is a place of its own", (text, url) => {
  expect(resolveChartUrls([text], base, []).urls).toEqual([url]);
});
