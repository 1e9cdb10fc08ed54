import { EventEmitter, once } from "node:events";

export interface Gate {
  /** Resolves once the gate is open. */
  readonly opened: Promise<unknown>;
  readonly open: () => void;
}

/** Holds back what a test wants to happen later. */
export function makeGate(): Gate {
  const emitter = new EventEmitter();
  return { opened: once(emitter, "open"), open: () => void emitter.emit("open") };
}
