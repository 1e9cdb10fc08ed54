import { ChartferryError } from "../../errors.ts";
import type { ProxyName } from "./choose-proxy.ts";
import type { Finding } from "./tls-findings.ts";

interface Tunnel {
  /** Host and port. */
  readonly target: string;
  /** The target has answered before. */
  readonly answered: boolean;
}

/** What a proxy's own answer means; its address is shown without the user in it. */
function proxyFinding({ host, variable }: ProxyName, status: number, { target, answered }: Tunnel): Finding {
  const proxy = `the proxy ${host} (from ${variable})`;
  if (status === 407)
    return {
      code: "proxy-refused",
      text: `${proxy} asks for a sign-in that was not given or not accepted (status 407)`,
      hint: `put the proxy's user and password into ${variable}: http://USER:PASSWORD@${host}`,
    };
  if (status >= 500)
    return {
      // A proxy answers so for a host that is not there, and while a server behind it, or itself, is started anew.
      ...(answered ? { code: "unavailable", retryable: true } : { code: "connection-refused" }),
      text: `${proxy} cannot reach ${target} (status ${status})`,
      hint: "check host and port, or name the host in NO_PROXY",
    };
  return {
    code: "proxy-refused",
    text: `${proxy} refused to connect us to ${target} (status ${status})`,
    hint: "ask who runs the proxy, or name the host in NO_PROXY",
  };
}

/** A tunnel that was not opened. Source: undici tells the status in its message only. */
export function refusedTunnel(proxy: ProxyName, message: string, tunnel: Tunnel): Finding | undefined {
  const status = /Proxy response \((\d{3})\)/.exec(message)?.[1];
  return status === undefined ? undefined : proxyFinding(proxy, Number(status), tunnel);
}

/** Over plain http the proxy's answer comes in the place of the server's. Only 407 is certain to be its own. */
export function refusedByProxy(
  proxy: ProxyName,
  { operation, url, repository, version }: { operation: string; url: URL; repository?: string | undefined; version?: string | undefined },
): ChartferryError {
  const { text, ...finding } = proxyFinding(proxy, 407, { target: url.host, answered: false });
  return new ChartferryError(text, { operation, registry: url.host, repository, version, status: 407, ...finding });
}
