/** The headers with which a server says, at `now`, that it has a token again after so many seconds. */
type Say = (seconds: number, now: number) => Readonly<Record<string, string>>;

const date = (milliseconds: number): string => new Date(milliseconds).toUTCString();

/** As servers are known to say it. All but the exact one tell a wait of less than a second as none, or as a whole one. */
export const retryAfter = {
  "rounded up": (seconds) => ({ "retry-after": String(Math.max(1, Math.ceil(seconds))) }),
  "rounded down": (seconds) => ({ "retry-after": String(Math.floor(seconds)) }),
  exact: (seconds) => ({ "retry-after": seconds.toFixed(3) }),
  // Neither this nor the answer's own has parts of a second: mostly they are the same.
  date: (seconds, now) => ({ "retry-after": date(now + 1000 * seconds), date: date(now) }),
  "too short": () => ({ "retry-after": "0.001" }),
  "date gone by": (_seconds, now) => ({ "retry-after": date(now - 5000), date: date(now) }),
} satisfies Record<string, Say>;

export type RetryAfterForm = keyof typeof retryAfter;
