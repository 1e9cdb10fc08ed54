/** A queue between one reader and several writers; `send` waits while it is full, so memory stays bounded. */
export interface BoundedChannel<Value> {
  /** Resolves once there is room again. */
  send(value: Value): Promise<void>;
  /** No value comes any more; the reader ends after those still here. */
  end(): void;
  values(): AsyncGenerator<Value, void, undefined>;
}

export function createBoundedChannel<Value>(limit: number): BoundedChannel<Value> {
  let waiting: Value[] = [];
  let ended = false;
  const isFull = (): boolean => waiting.length > limit && !ended;
  const readable = createWakeUp();
  const writable = createWakeUp();
  return {
    async send(value) {
      waiting.push(value);
      readable.wake();
      while (isFull()) await writable.wait();
    },
    end() {
      ended = true;
      readable.wake();
      writable.wake();
    },
    async *values() {
      for (;;) {
        const batch = waiting;
        waiting = [];
        writable.wake();
        yield* batch;
        if (waiting.length > 0) continue;
        if (ended) return;
        await readable.wait();
      }
    },
  };
}

/** Lets any number of waiters sleep until the next `wake`. */
export interface WakeUp {
  wait(): Promise<void>;
  wake(): void;
}

export function createWakeUp(): WakeUp {
  let sleepers: (() => void)[] = [];
  return {
    wait: () =>
      new Promise<void>((resolve) => {
        sleepers.push(resolve);
      }),
    wake() {
      const woken = sleepers;
      sleepers = [];
      for (const resolve of woken) resolve();
    },
  };
}
