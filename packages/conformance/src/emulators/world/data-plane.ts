import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type LayoutTree, openLayoutTree } from "@chartferry/core/layout";
import { createRegistryHandler, type RegistryHandler, type RegistryHooks } from "@chartferry/registry";

export interface DataPlane {
  readonly handler: RegistryHandler;
  /** The same content for whoever asks, as a store of blobs behind the registry has it. */
  readonly open: RegistryHandler;
  readonly tree: LayoutTree;
  close(): Promise<void>;
}

/** The embedded registry's handler over a folder in memory, with what the emulated registry does otherwise. */
export async function createDataPlane(hooks: RegistryHooks): Promise<DataPlane> {
  const folder = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "chartferry-emulator-"));
  const tree = await openLayoutTree(folder, { durability: "none" });
  return {
    handler: createRegistryHandler({ tree, hooks }),
    open: createRegistryHandler({ tree }),
    tree,
    close: async () => {
      await tree.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
