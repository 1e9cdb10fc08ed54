import { describe, expect, it } from "vitest";

import { ecrPublic } from "./ecr-public.ts";

describe("the hosts of ECR Public", () => {
  it.each(["public.ecr.aws", "ecr-public.aws.com"])("%s is one", (host) => {
    expect(ecrPublic.detect(host)).toEqual({});
  });

  it.each(["public.ecr.aws.evil.example", "evil.public.ecr.aws", "public-ecr.aws", "public.ecr.aws:5000", "ecr.aws"])(
    "%s is none",
    (host) => {
      expect(ecrPublic.detect(host)).toBeUndefined();
    },
  );
});
