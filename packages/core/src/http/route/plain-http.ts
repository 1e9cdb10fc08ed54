import { connect } from "node:tls";

import type { TlsOptions } from "../../adapter/registry-adapter.ts";
import { ChartferryError } from "../../errors.ts";
import { classifyAddress, isAddress, isLoopbackName } from "./address-rules.ts";
import { networkError } from "../network-error.ts";

export interface DiscoverOptions {
  /** `--plain-http`: settles it. */
  readonly plainHttp?: boolean | undefined;
  readonly tls?: TlsOptions | undefined;
  /** `false` = https unless `plainHttp` says otherwise, also for hosts of this machine; nothing is sent. */
  readonly tryOut?: boolean;
  /** Milliseconds for the question; a server of this machine answers within one. Default 3 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Scheme, host and port of a registry. Other machines get https unless told otherwise (a server that speaks http is found out with the first
 * request: error `plain-http`). Hosts of this machine are asked whether they speak TLS, before anything is sent that could hold a credential:
 * https is tried first because a plain server betrays itself in the handshake at once, whereas TLS servers answer plain text in many ways,
 * or not at all. Ask once per connection and keep the answer.
 */
export async function discoverOrigin(host: string, options: DiscoverOptions = {}): Promise<URL> {
  const https = httpsOrigin(host);
  const http = new URL(`http://${host}/`);
  if (options.plainHttp === true) return http;
  if (options.tryOut === false || hasTlsOptions(options.tls) || !isLoopbackName(https.hostname)) return https;
  return (await speaksTls(https, options)) ? https : http;
}

function httpsOrigin(host: string): URL {
  if (/^[^/?#@\\\s]+$/.test(host) && URL.canParse(`https://${host}/`)) return new URL(`https://${host}/`);
  throw badHost(host);
}

function hasTlsOptions(tls: TlsOptions = {}): boolean {
  return tls.caFile !== undefined || tls.certFile !== undefined || tls.insecureSkipVerify === true;
}

/** The certificate is not judged here: whether it is trusted is the request's own matter. */
function speaksTls(url: URL, { timeoutMs = 3000, signal }: DiscoverOptions): Promise<boolean> {
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(networkError(error, { operation: "find out http or https", url, signal }));
    const socket = connect({
      host: hostname,
      port: Number(url.port || 443),
      rejectUnauthorized: false,
      ...(isAddress(hostname) ? {} : { servername: hostname }),
    });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    let connected = false;
    const stop = (): void => {
      socket.destroy();
      fail(signal?.reason);
    };
    if (signal?.aborted === true) return stop();
    signal?.addEventListener("abort", stop, { once: true });
    socket.once("close", () => signal?.removeEventListener("abort", stop));
    socket.once("connect", () => {
      connected = true;
      // A name of this machine that resolves elsewhere is not this machine.
      if (classifyAddress(socket.remoteAddress ?? "") !== "loopback") settle(true);
    });
    socket.setTimeout(timeoutMs, () => settle(false));
    socket.once("secureConnect", () => settle(true));
    socket.once("error", (error) => (connected ? settle(wantsTls(error)) : fail(error)));
    socket.once("end", () => settle(false));
  });
}

/** An alert is TLS spoken by a server that dislikes our handshake (it wants a client certificate, say); anything else is no TLS. */
function wantsTls(error: Error): boolean {
  return "code" in error && typeof error.code === "string" && /_ALERT_|CERTIFICATE|HANDSHAKE/.test(error.code);
}

function badHost(host: string): ChartferryError {
  return new ChartferryError(`${JSON.stringify(host).slice(0, 200)} is not a host name with an optional port`, {
    code: "reference-invalid",
    operation: "read registry name",
  });
}
