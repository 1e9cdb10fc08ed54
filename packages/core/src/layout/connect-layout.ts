import { resolve } from "node:path";

import type { ConnectOptions } from "../adapter/registry-adapter.ts";
import type { Connection } from "../store/connection.ts";
import { openLayoutStore } from "./layout-store.ts";
import { openLayoutTree } from "./layout-tree.ts";

/** Image layouts below a directory as one end of a run. A source is only read; a target is owned until it is closed. @throws layout-locked, file-missing, file-unwritable */
export async function connectLayout(options: ConnectOptions): Promise<Connection> {
  const tree = await openLayoutTree(resolve(options.registry), {
    readOnly: options.end === "source" || options.readOnly === true,
    mayBeAbsent: options.end === "target",
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  return {
    end: options.end,
    registry: options.registry,
    adapter: "oci-layout",
    nameProblems: () => [],
    openStore: (repository) => openLayoutStore(tree, repository),
    repositories: (prefix) => tree.repositories(prefix),
    ping: () => Promise.resolve({ credentialSource: undefined }),
    traffic: () => ({}),
    close: () => tree.close(),
  };
}
