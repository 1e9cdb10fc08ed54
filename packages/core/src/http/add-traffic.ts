import type { HostTraffic } from "./http-client.ts";

const none: HostTraffic = { requests: 0, retries: 0, bytesSent: 0, bytesReceived: 0, throttled: 0, pausedMs: 0 };

/** What several clients sent and received: two of them may have spoken to one host. */
export function addTraffic(parts: readonly Readonly<Record<string, HostTraffic>>[]): Readonly<Record<string, HostTraffic>> {
  const sums = new Map<string, HostTraffic>();
  for (const [host, traffic] of parts.flatMap((part) => Object.entries(part))) {
    const sum = sums.get(host) ?? none;
    sums.set(host, {
      requests: sum.requests + traffic.requests,
      retries: sum.retries + traffic.retries,
      bytesSent: sum.bytesSent + traffic.bytesSent,
      bytesReceived: sum.bytesReceived + traffic.bytesReceived,
      throttled: sum.throttled + traffic.throttled,
      pausedMs: sum.pausedMs + traffic.pausedMs,
    });
  }
  return Object.fromEntries(sums);
}
