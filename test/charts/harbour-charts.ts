import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { makeChart } from "./make-chart.ts";

/** Six versions of three charts: a pre-release and a `+` among them. */
export const harbourCharts = [
  ...["0.9.0", "1.0.0", "1.1.0-rc.1", "2.0.0"].map((version) => makeChart("harbour", version)),
  makeChart("harbour-tools", "1.0.0"),
  makeChart("pier", "1.0.0+tide.7"),
];

/** Another empty home with each call: no journal of an earlier run. */
export function freshHomes(scratch: string): () => string {
  let homes = 0;
  return () => {
    const home = join(scratch, `home-${(homes += 1)}`);
    mkdirSync(home);
    return home;
  };
}
