import { fileURLToPath } from "node:url";

import { type LoggedRequest, setups } from "@chartferry/conformance/emulators";
import { describe, expect, it } from "vitest";

import { hostedPlace } from "./hosted/hosted-place.ts";
import { environmentOf } from "./hosted/identity-environment.ts";
import { decisions, runPlan } from "./runs/run-plan.ts";

const examples = fileURLToPath(new URL("../examples/classic-repo", import.meta.url));
/** Signing in is no change, whatever its method. */
const isChange = ({ method, path }: LoggedRequest): boolean => /^(POST|PUT|PATCH|DELETE)$/.test(method) && !path.startsWith("/oauth2/");

describe.each(Object.keys(setups))("a plan for %s", (name) => {
  it("takes for new what is not there yet and a migration would bring, and changes nothing at the registry", async () => {
    const { setup, world, home, creating } = await hostedPlace(name);
    const made = await runPlan([examples, setup.target, ...creating], home, environmentOf(world, setup.user, home));
    expect([made.code, made.stderr]).toEqual([0, expect.any(String)]);
    expect(decisions(made.plan).filter((line) => line.includes(": push absent"))).toHaveLength(8);
    expect(setup.emulator.log.filter((request) => request.host === setup.registry && isChange(request))).toEqual([]);
  });
});
