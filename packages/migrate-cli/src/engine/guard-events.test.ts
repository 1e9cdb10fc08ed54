import { expect, it } from "vitest";

import { guardEvents } from "./guard-events.ts";
import type { MigrateEvent } from "./migrate-options.ts";

const event: MigrateEvent = { type: "journal", path: "journal.jsonl" };

it("passes events on and has nothing to throw while the caller's code works", () => {
  const told: MigrateEvent[] = [];
  const events = guardEvents(
    (each) => void told.push(each),
    () => expect.unreachable(),
  );
  events.tell(event);
  events.tell(event);
  events.rethrow();
  expect(told).toEqual([event, event]);
});

it("keeps the caller's first fault for the end, stops the run at once and tells nothing more", () => {
  let [told, aborted] = [0, 0];
  const events = guardEvents(
    () => {
      throw new Error(`fault ${(told += 1)}`);
    },
    () => void aborted++,
  );
  events.tell(event);
  events.tell(event);
  expect({ told, aborted }).toEqual({ told: 1, aborted: 1 });
  expect(() => events.rethrow()).toThrow("fault 1");
});
