import { ChartferryError } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { showError } from "./show-error.ts";

describe("showError", () => {
  it("names place, version, cause, code and what to try", () => {
    const error = new ChartferryError("refused", {
      code: "denied",
      operation: "push",
      registry: "r.test",
      repository: "charts/web",
      version: "1.0.0",
      hint: "sign in",
    });
    expect(showError(error)).toBe("error: refused (r.test/charts/web 1.0.0) [denied]\n  try: sign in\n");
  });

  it.each([
    ["push manifest (charts/web 1.0.0): r.test answers 403", ""],
    ["r.test cannot be reached", " (charts/web 1.0.0)"],
    ["charts/web holds no 1.0.0", " (r.test)"],
    ["r.test/charts/web:1.0.0 is no Helm chart", ""],
  ])("repeats nothing of the place that the message names itself: %s", (message, where) => {
    const place = { registry: "r.test", repository: "charts/web", version: "1.0.0" };
    const error = new ChartferryError(message, { code: "denied", operation: "push", ...place });
    expect(showError(error)).toBe(`error: ${message}${where} [denied]\n`);
  });

  it("names a classic repository by its url alone", () => {
    const place = { registry: "c.test", repository: "https://c.test/stable" };
    const error = new ChartferryError("no entries", { code: "index-invalid", operation: "read index", ...place });
    expect(showError(error)).toBe("error: no entries (https://c.test/stable) [index-invalid]\n");
  });
});
