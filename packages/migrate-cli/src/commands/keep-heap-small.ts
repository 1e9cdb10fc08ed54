import { setFlagsFromString } from "node:v8";

/**
 * Keeps the room for new objects as small as it is at the start. V8 would let it grow to 32 MiB, and collect what lies outside of its heap
 * (every chart, every part of an answer) as rarely: a run then takes 30 to 50 MB more at its peak, going through a 300 MB index as well, and is no faster. The limit itself
 * (`--max-semi-space-size`) is read only when Node starts; the factor by which the room grows is read each time. So on Node 20, 24 and 26; a later
 * one may not know it, and would say so on stderr.
 */
export function keepHeapSmall(): void {
  if (Number.parseInt(process.versions.node, 10) <= 26) setFlagsFromString("-semi-space-growth-factor=1");
}
