import { describe, expect, it } from "vitest";

import { checkRealm } from "./realm-rules.ts";

const judge = (realm: string, origin: string) => (): void => checkRealm(new URL(realm), new URL(origin));

describe("token services", () => {
  it.each([
    ["https://auth.example/token", "https://reg.example"],
    ["https://auth.example:8443/token", "http://reg.example"],
    ["http://auth.example/token", "http://reg.example"],
    ["http://10.0.0.5/token", "http://10.0.0.4:5000"],
  ])("may stand at %s for %s", (realm, origin) => {
    expect(judge(realm, origin)).not.toThrow();
  });

  it.each([
    ["http://auth.example/token", "https://reg.example"],
    ["http://reg.example/token", "https://reg.example"],
    ["ftp://auth.example/token", "https://reg.example"],
    ["file:///etc/passwd", "http://reg.example"],
    ["https://user@auth.example/token", "https://reg.example"],
    ["https://user:pw@auth.example/token", "https://reg.example"],
  ])("may not stand at %s for %s", (realm, origin) => {
    expect(judge(realm, origin)).toThrow(expect.objectContaining({ code: "redirect-refused", registry: new URL(origin).host }));
  });
});
