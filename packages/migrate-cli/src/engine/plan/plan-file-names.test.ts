import type { ChartSource } from "@chartferry/core";
import { expect, it } from "vitest";

import { createFakeSource } from "../testing/fake-source.ts";
import { createFakeTarget } from "../testing/fake-target.ts";
import { plan } from "./plan.ts";

type VPrefix = "keep" | "strip" | "both";

/** A source whose index spells the version `v1.0.2` and whose file is named as its archive spells it. */
function spelledOtherwise(): ChartSource {
  const source = createFakeSource(["web v1.0.2"]);
  return {
    ...source,
    async *versions() {
      for await (const item of source.versions())
        yield item.kind === "entry" ? { ...item, entry: { ...item.entry, urls: ["https://charts.test/web-1.0.2.tgz"] } } : item;
    },
  };
}

it.each<[VPrefix, readonly string[]]>([
  ["strip", []],
  ["keep", ["leading-v", "file-named-otherwise"]],
  ["both", ["file-named-otherwise"]],
])("warns of a file that is named as the archive only where helm pull saves another name: --v-prefix %s", async (vPrefix, codes) => {
  const targets = [{ id: "t0", connection: createFakeTarget().connection, namespace: "charts" }];
  const made = await plan({ source: spelledOtherwise(), targets, mapping: { vPrefix } });
  const warnings = [...made.versions()].flatMap((version) => version.warnings);
  made.close();
  expect(warnings.map(({ code }) => code)).toEqual(codes);
});
