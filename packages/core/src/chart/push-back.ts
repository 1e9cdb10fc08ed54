/** Pieces that come one after another, of which what was read too far can be given back. */
export interface Source {
  next(): Promise<Uint8Array | undefined>;
  back(bytes: Uint8Array): void;
  /** Fewer at the end. */
  take(count: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export function pushBack(chunks: AsyncIterable<Uint8Array>): Source {
  const iterator = chunks[Symbol.asyncIterator]();
  let held: Uint8Array | undefined;
  const next = async (): Promise<Uint8Array | undefined> => {
    if (held !== undefined) {
      const bytes = held;
      held = undefined;
      return bytes;
    }
    const result = await iterator.next();
    return result.done === true ? undefined : result.value;
  };
  const back = (bytes: Uint8Array): void => {
    if (bytes.byteLength > 0) held = held === undefined ? bytes : Buffer.concat([bytes, held]);
  };
  return {
    next,
    back,
    async take(count) {
      let taken: Uint8Array = new Uint8Array(0);
      while (taken.byteLength < count) {
        const chunk = await next();
        if (chunk === undefined) return taken;
        taken = taken.byteLength === 0 ? chunk : Buffer.concat([taken, chunk]);
      }
      back(taken.subarray(count));
      return taken.subarray(0, count);
    },
    async close() {
      await iterator.return?.();
    },
  };
}
