/** Which entries each lane has behind it. Memory: only the entries between the slowest and the fastest item in a lane's window. */
export interface LaneProgress {
  settle(lane: string, sequence: number): void;
  /** Whether any lane has yet to come by this entry. */
  isAwaited(sequence: number): boolean;
}

export function createLaneProgress(names: readonly string[]): LaneProgress {
  const lanes = new Map(names.map((name) => [name, { next: 0, ahead: new Set<number>() }]));
  return {
    settle(name, sequence) {
      const lane = lanes.get(name);
      if (lane === undefined || sequence < lane.next) return;
      lane.ahead.add(sequence);
      while (lane.ahead.delete(lane.next)) lane.next++;
    },
    isAwaited: (sequence) => [...lanes.values()].some((lane) => sequence >= lane.next && !lane.ahead.has(sequence)),
  };
}
