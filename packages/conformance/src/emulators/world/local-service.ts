import { once } from "node:events";
import { createServer } from "node:http";

import { httpListener, type RegistryHandler } from "@chartferry/registry";

export interface LocalService {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  close(): Promise<void>;
}

/** What a cloud offers its machines over plain http and no proxy: the endpoints of their own identity. */
export async function startLocalService(handler: RegistryHandler): Promise<LocalService> {
  const server = createServer(httpListener(handler));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the local service has no port");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
