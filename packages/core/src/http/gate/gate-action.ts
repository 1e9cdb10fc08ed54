import { type Control, createControl } from "./gate-control.ts";
import type { Host } from "./gate-host.ts";
import { createLine, type GateRequest, type Line, type LineOptions } from "./gate-line.ts";
import type { Patience } from "./patience.ts";
import { createRefusedThings, type RefusedThings, type Things, thingsOf } from "./refused-things.ts";

/** One kind of request at one host, such as the start of an upload: what is on its way, and what waits in line. */
export interface Action {
  readonly host: Host;
  readonly flight: Flight;
  readonly refusedThings: RefusedThings;
  readonly line: Line;
  /** Takes a place, and a turn of the pace where there is one. */
  start(request: GateRequest, now: number): Pass;
}

/** A request on the wire. */
export interface Pass {
  readonly action: Action;
  readonly patience: Patience;
  readonly things: Things;
  /** How many refusals of its kind were known when it started. */
  readonly seen: number;
  /** The refusals that were known when it started: those of before say nothing about it. */
  readonly control: Control | undefined;
  readonly epoch: number;
  /** How long this request was held back so far, all its repeats together. Milliseconds. */
  readonly heldMs: number;
}

/** What is on its way, and what was learned of those that were. Only its own methods change it. */
export interface Flight {
  readonly inFlight: number;
  /** Absent until the first refusal, and again once the last one is long ago. */
  readonly control: Control | undefined;
  begun(now: number): void;
  ended(): void;
  granted(pass: Pass, now: number): void;
  /** For how long nothing starts, in milliseconds; `undefined` = this refusal says nothing new. */
  refused(pass: Pass, refusal: { readonly now: number; readonly askedMs: number | undefined }): number | undefined;
  /** Forgets refusals that are long ago. */
  open(now: number): void;
}

/** The pace of before the first refusal is taken from the last one or two of these. Milliseconds. */
const sampleMs = 1000;

interface Sample {
  readonly since: number;
  granted: number;
}

export function createAction(host: Host, options: LineOptions & { readonly random: () => number }): Action {
  const flight = createFlight(options.clock.now(), options.random);
  const refusedThings = createRefusedThings();
  const start: Action["start"] = (request, now) => {
    const { patience } = request;
    flight.begun(now);
    const { control } = flight;
    const seen = refusedThings.count;
    return {
      action,
      patience,
      things: thingsOf(request),
      seen,
      control,
      epoch: control?.epoch ?? 0,
      heldMs: now - (patience.heldSince ?? now),
    };
  };
  const action: Action = { host, flight, refusedThings, start, line: createLine({ host, flight, refusedThings, start }, options) };
  return action;
}

function createFlight(now: number, random: () => number): Flight {
  let control: Control | undefined;
  let inFlight = 0;
  let [before, recent]: [Sample, Sample] = [
    { since: now, granted: 0 },
    { since: now, granted: 0 },
  ];
  return {
    get inFlight() {
      return inFlight;
    },
    get control() {
      return control;
    },
    begun(at) {
      inFlight++;
      control?.started(at);
    },
    ended: () => void inFlight--,
    granted(pass, at) {
      if (control === undefined) {
        if (at - recent.since > sampleMs) [before, recent] = [recent, { since: at, granted: 0 }];
        recent.granted++;
      } else if (isNew(pass, control)) control.granted();
    },
    refused(pass, { now: at, askedMs }) {
      // One shortage refuses many requests at once: those that started before it was known say nothing new.
      if (!isNew(pass, control)) return undefined;
      control ??= createControl({ rate: paceOf(before, recent, at), random });
      return control.refused({ now: at, askedMs, inFlight: inFlight + 1 });
    },
    open(at) {
      if (control?.isOver(at) === true) control = undefined;
    },
  };
}

/** Requests a millisecond. Rather too many than too few: what was idle before says nothing of how fast they came in the end. */
function paceOf(before: Sample, recent: Sample, now: number): number {
  const both = (before.granted + recent.granted + 1) / Math.max(1, now - before.since);
  const fresh = now - recent.since < sampleMs / 4 ? 0 : (recent.granted + 1) / (now - recent.since);
  return Math.max(both, fresh);
}

function isNew(pass: Pass, control: Control | undefined): boolean {
  return pass.control === control && (control === undefined || pass.epoch === control.epoch);
}
