import { ChartferryError, type ErrorCode } from "@chartferry/core";
import { expect, it } from "vitest";

import { createCircuit } from "./circuit.ts";

function failure(code: ErrorCode, retryable: boolean): ChartferryError {
  return new ChartferryError("no", { code, operation: "push manifest", retryable });
}

/** How many failures in a row it takes. */
function opensAfter(error: ChartferryError): number {
  const circuit = createCircuit();
  let count = 0;
  while (circuit.openedBy === undefined && count < 100) {
    circuit.failed(error, { repository: `chart-${count}`, servedBefore: circuit.served });
    count++;
  }
  return count;
}

it("gives a registry up soon that was never there, and later one that has answered before", () => {
  expect(opensAfter(failure("connection-refused", false))).toBe(3);
  expect(opensAfter(failure("connection-refused", true))).toBe(10);
  expect(opensAfter(failure("connection-lost", true))).toBe(10);
});

it("does not give up a registry that makes many wait for too long while it serves others", () => {
  const circuit = createCircuit();
  const servedBefore = circuit.served;
  circuit.succeeded();
  for (let count = 0; count < 50; count++) circuit.failed(failure("rate-limited", true), { repository: `chart-${count}`, servedBefore });
  expect(circuit.openedBy).toBeUndefined();
});

it("gives a registry up that serves nobody at all while ten wait for too long", () => {
  const circuit = createCircuit();
  circuit.succeeded();
  for (let count = 0; count < 10; count++) {
    circuit.failed(failure("rate-limited", true), { repository: `chart-${count}`, servedBefore: circuit.served });
  }
  expect(circuit.openedBy).toMatchObject({ code: "rate-limited" });
});

it.each(["unavailable", "rate-limited"] as const)("stops one repository alone of which ten versions in a row are %s", (code) => {
  const circuit = createCircuit();
  for (let count = 0; count < 50; count++) circuit.failed(failure(code, true), { repository: "bad", servedBefore: circuit.served });
  expect(circuit.openedBy).toBeUndefined();
  expect(circuit.stoppedFor("bad")).toMatchObject({ code });
  expect(circuit.stoppedFor("good")).toBeUndefined();
});

it("gives a registry up whose host is lost, however few repositories say so", () => {
  const circuit = createCircuit();
  for (let count = 0; count < 10; count++)
    circuit.failed(failure("connection-lost", true), { repository: "only", servedBefore: circuit.served });
  expect(circuit.openedBy).toMatchObject({ code: "connection-lost" });
});
