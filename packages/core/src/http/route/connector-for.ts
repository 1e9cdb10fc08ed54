import type { buildConnector as Connector, Pool } from "undici";
import buildConnector from "undici/lib/core/connect.js";

import { calmConnector } from "./calm-connector.ts";

/** undici's connector, mended. */
export function connectorFor(options: Connector.BuildOptions): Connector.connector {
  return mendedConnector(buildConnector(options));
}

/** Settings that hold a connector of undici's own making, such as a tunnel, with that one mended. */
export function withMendedConnector(settings: Pool.Options): Pool.Options {
  const { connect } = settings;
  return typeof connect === "function" ? { ...settings, connect: mendedConnector(connect) } : settings;
}

/**
 * Two things are mended. One is told at `calmConnector`. The other: under TLS 1.3 a server judges our certificate after the handshake, and its alert
 * comes with the first read. Node tells it as an error and then ends the socket; undici would keep the end alone ("other side closed").
 */
function mendedConnector(given: Connector.connector): Connector.connector {
  const connect = calmConnector(given);
  return (target, done) =>
    connect(target, (...result) => {
      const [, socket] = result;
      socket?.once("error", (error) => {
        if (isAlert(error)) socket.destroy(error);
      });
      done(...result);
    });
}

function isAlert(error: Error): boolean {
  return "code" in error && typeof error.code === "string" && error.code.includes("_ALERT_");
}
