import type { CredentialSources } from "../adapter/registry-adapter.ts";
import { type CredentialProviderOptions, createCredentialProvider } from "./credential-files.ts";
import type { CredentialProvider } from "./credential.ts";

/**
 * All sources of one end in their order: what the user said, alone; else the adapter's variables, the credential files, the vendor's own chain, nobody.
 * Each is told what the registry has already refused, and passes over that.
 */
export function orderedCredentials(files: CredentialProviderOptions, ownSources: () => CredentialSources): CredentialProvider {
  const fromFiles = createCredentialProvider(files);
  if (files.explicit !== undefined) return fromFiles;
  let own: CredentialSources | undefined;
  return async (request) => {
    own ??= ownSources();
    const first = await own.environment?.(request);
    if (first !== undefined) return first;
    const stored = await fromFiles(request);
    return stored.kind === "anonymous" ? ((await own.chain?.(request)) ?? stored) : stored;
  };
}
