import { createRepositoriesPolicies } from "@chartferry/core";
import { z } from "zod";

const text = z.string().min(1);

/** Where a password is kept; it never stands in the file itself. */
const password = z.union([
  z.strictObject({ environment: text.describe("name of the variable that holds the password") }),
  z.strictObject({ file: text.describe("file that holds the password; relative to this one") }),
]);

const registrySettings = z.strictObject({
  adapter: text.optional().describe("treat the registry as this one instead of finding out"),
  options: z.record(z.string(), z.unknown()).optional().describe("options of the adapter's own, see docs/registries"),
  createRepositories: z.enum(createRepositoriesPolicies).optional().describe("as --create-repositories"),
  plainHttp: z.boolean().optional().describe("as --plain-http"),
  username: text.optional().describe("user; needs password"),
  password: password.optional().describe("where the user's password is kept"),
  registryConfig: text.optional().describe("credential file instead of Helm's and Docker's own; relative to this one"),
  tls: z
    .strictObject({
      caFile: text.optional().describe("certificate authority, PEM; relative to this file, as are the others"),
      certFile: text.optional().describe("client certificate, PEM"),
      keyFile: text.optional().describe("key of the client certificate, PEM"),
      insecureSkipVerify: z.boolean().optional().describe("accept any certificate"),
    })
    .optional(),
});

/** chartferry.yaml. */
export const settingsFile = z.strictObject({
  $schema: z.string().optional(),
  registries: z.record(text, registrySettings).optional().describe("by host (and port): holds for every target there"),
  targets: z
    .record(
      z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "a name has letters, digits, dots, dashes and underscores"),
      registrySettings.extend({ to: text.describe("oci://HOST/NAMESPACE or oci-layout:DIR") }),
    )
    .optional()
    .describe("by the name that stands for the target on the command line; what it says goes before what its registry's entry says"),
});

export type RegistrySettings = z.infer<typeof registrySettings>;
export type SettingsFile = z.infer<typeof settingsFile>;

/** For editors. */
export function settingsSchema(): object {
  return z.toJSONSchema(settingsFile, { io: "input" });
}
