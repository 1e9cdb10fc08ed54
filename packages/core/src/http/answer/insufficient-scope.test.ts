import { expect, it } from "vitest";

import { errorFromAnswer } from "./error-response.ts";
import type { HttpAnswer } from "../http-client.ts";

const answer: HttpAnswer = {
  status: 401,
  headers: { "www-authenticate": 'Bearer realm="https://auth.example/token",service="registry",error="insufficient_scope"' },
  url: new URL("https://registry.example/v2/web/blobs/uploads/"),
  bytes: () => Promise.resolve(new Uint8Array()),
  async *stream() {
    await Promise.resolve();
    yield new TextEncoder().encode('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
  },
  dump: () => Promise.resolve(),
};

it.each([
  ["whoever signed in lacks the right", "/home/me/.docker/config.json", "denied"],
  ["nobody has signed in", undefined, "unauthenticated"],
] as const)("a token with too little in it means that %s", async (_meaning, credentialSource, code) => {
  const error = await errorFromAnswer(answer, { operation: "push blob", registry: "registry.example", credentialSource });
  expect(error.code).toBe(code);
});
