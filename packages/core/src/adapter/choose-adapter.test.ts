import { describe, expect, it } from "vitest";

import { chooseAdapter, probeAnswer } from "./choose-adapter.ts";
import type { ProbeAnswer } from "./registry-adapter.ts";

import { plainAdapter } from "./testing/plain-adapter.ts";

const unasked = (): never => expect.unreachable("no request is needed");
const answering = (header: string) => (): Promise<ProbeAnswer> => Promise.resolve(probeAnswer(401, { "www-authenticate": header }));
const cloud = plainAdapter("cloud", {
  detect: (host) => {
    const region = /^([a-z]+)\.cloud\.example$/.exec(host)?.[1];
    return region === undefined ? undefined : { region };
  },
});
const selfHosted = plainAdapter("self-hosted", { probe: ({ challenges }) => challenges[0]?.parameters["service"] === "harbour" });
const adapters = [cloud, selfHosted, plainAdapter("generic")];

describe("choosing an adapter", () => {
  it("goes by the host's name, and then asks the registry nothing", async () => {
    const chosen = await chooseAdapter(adapters, "eu.cloud.example", { probe: unasked });
    expect(chosen).toMatchObject({ adapter: { id: "cloud" }, match: { region: "eu" }, by: "host" });
    expect((await chooseAdapter([cloud, plainAdapter("generic")], "eu.cloud.example.evil.example", { probe: unasked })).by).toBe("default");
  });

  it("asks the registry itself where no name speaks, and takes generic where its answer says nothing", async () => {
    const known = await chooseAdapter(adapters, "127.0.0.1:5000", { probe: answering('Bearer realm="https://a/t",service="harbour"') });
    expect(known).toMatchObject({ adapter: { id: "self-hosted" }, by: "probe" });
    const other = await chooseAdapter(adapters, "127.0.0.1:5000", { probe: answering('Basic realm="x"') });
    expect(other).toMatchObject({ adapter: { id: "generic" }, by: "default" });
    const silent = await chooseAdapter(adapters, "127.0.0.1:5000", { probe: () => Promise.resolve(undefined) });
    expect(silent.adapter.id).toBe("generic");
  });

  it("obeys a name, and says which there are when it is wrong", async () => {
    expect((await chooseAdapter(adapters, "eu.cloud.example", { name: "generic", probe: unasked })).adapter.id).toBe("generic");
    const wrong = chooseAdapter(adapters, "eu.cloud.example", { name: "clowd", probe: unasked });
    await expect(wrong).rejects.toMatchObject({ code: "usage", hint: "use one of: cloud, self-hosted, generic" });
  });
});
