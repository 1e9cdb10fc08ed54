import { expect, it } from "vitest";

import { ChartferryError } from "../errors.ts";
import { manualClock } from "../http/testing/manual-clock.ts";
import { createDeadHosts } from "./dead-hosts.ts";

function refused(registry = "a.example"): ChartferryError {
  return new ChartferryError("refused", { code: "connection-refused", operation: "fetch chart", registry });
}

it("a dead host is tried again after a rest", async () => {
  const clock = manualClock();
  const hosts = createDeadHosts(clock);
  let tries = 0;
  const send = async (): Promise<string> => {
    tries += 1;
    if (tries === 1) throw refused();
    return "answer";
  };
  await expect(hosts.reach("a.example", send)).rejects.toThrow("refused");
  await expect(hosts.reach("a.example", send)).rejects.toThrow("refused");
  expect(tries).toBe(1);
  clock.advance(10 * 60_000);
  expect(await hosts.reach("a.example", send)).toBe("answer");
});

it("a host that has answered is given up only after several failures in a row", async () => {
  const hosts = createDeadHosts(manualClock());
  let tries = 0;
  const fail = async (): Promise<string> => {
    tries += 1;
    throw refused();
  };
  await hosts.reach("a.example", async () => "answer");
  for (let time = 0; time < 5; time += 1) await expect(hosts.reach("a.example", fail)).rejects.toThrow("refused");
  expect(tries).toBe(3);
});

it("a dead host behind a redirect says nothing of the host that redirects, and one host nothing of another", async () => {
  const hosts = createDeadHosts(manualClock());
  await expect(hosts.reach("a.example", async () => Promise.reject(refused("cdn.example")))).rejects.toThrow("refused");
  expect(await hosts.reach("a.example", async () => "answer")).toBe("answer");
  await expect(hosts.reach("b.example", async () => Promise.reject(refused("b.example")))).rejects.toThrow("refused");
  expect(await hosts.reach("a.example", async () => "answer")).toBe("answer");
});
