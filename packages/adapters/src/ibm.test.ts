import { describe, expect, it } from "vitest";

import { ibm } from "./index.ts";

describe("the host names of IBM's registry", () => {
  it.each([
    ["icr.io", { region: "global", network: "public" }],
    ["de.icr.io", { region: "de", network: "public" }],
    ["jp2.icr.io", { region: "jp2", network: "public" }],
    ["private.us.icr.io", { region: "us", network: "private" }],
    ["private.icr.io", { region: "global", network: "private" }],
  ])("%s is one", (host, match) => {
    expect(ibm.detect(host)).toEqual(match);
  });

  it.each(["icr.io.evil.example", "evilicr.io", "xx.icr.io", "de.de.icr.io", "cp.icr.io", "private.evil.icr.io", "de.icr.io:443"])(
    "%s is none",
    (host) => {
      expect(ibm.detect(host)).toBeUndefined();
    },
  );
});
