import { describe, expect, it } from "vitest";

import { loadSdk } from "./load-sdk.ts";

describe("a vendor's library", () => {
  it("is named with what to do where it is not installed, also by who runs npx", async () => {
    const notThere: string = "@chartferry/not-installed";
    const missing = loadSdk("@aws-sdk/client-ecr", () => import(notThere));
    await expect(missing).rejects.toMatchObject({
      code: "credentials-unavailable",
      message: expect.stringContaining("the package @aws-sdk/client-ecr, which this registry needs, is not installed"),
      hint: expect.stringMatching(/npm install @aws-sdk\/client-ecr .*npx --package=chartferry --package=@aws-sdk\/client-ecr chartferry/),
    });
  });

  it("fails with its own failure where it is there and broken", async () => {
    await expect(loadSdk("broken", () => Promise.reject(new Error("it does not load")))).rejects.toThrow("it does not load");
  });
});
