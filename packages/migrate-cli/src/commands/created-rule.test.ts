import { expect, it } from "vitest";

import { createdRule } from "./created-policy.ts";

it("the rule for created has words of its own for whatever decides it", () => {
  const epoch = { SOURCE_DATE_EPOCH: "1" };
  const rules = [
    createdRule({}, { environment: {} }),
    createdRule({ helmCompatible: true }, { environment: {} }),
    createdRule({}, { environment: epoch }),
    createdRule({ created: "2024-01-01T00:00:00Z" }, { environment: {} }),
    createdRule({ createdFrom: "oci://registry.test/a" }, { environment: {} }),
    createdRule({ createdFrom: "oci://registry.test/b" }, { environment: {} }),
    createdRule({ createdFrom: "oci://registry.test/a" }, { environment: epoch }),
  ];
  expect(new Set(rules).size).toBe(rules.length);
  expect(createdRule({ createdFrom: "oci://registry.test/a/" }, { environment: {} })).toBe(rules[4]);
});
