import { lookup as systemLookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { callbackify } from "node:util";

import { ChartferryError } from "../../errors.ts";
import { type AddressKind, classifyAddress, isAddress, isLoopbackName, isMetadataName, mayConnect } from "./address-rules.ts";

/** Stands in for DNS; answers are IP addresses. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/**
 * Keeps requests away from addresses that a hostile server may only reach through us. What the user named himself (the origin) is not judged;
 * every other host is, and the connection goes to exactly the address that was judged, so a name that changes in between gains nothing.
 */
export interface AddressGuard {
  /** Judges what can be judged before connecting: addresses written in the url, names of metadata services. @throws redirect-refused */
  check(url: URL, operation: string): Promise<void>;
  /** The user's own environment names this address: it is judged no more than the origin. */
  trust(address: URL): void;
  /** For `net.connect`: resolves and, for a host that the user did not name, judges every address. */
  lookupFor(url: URL): LookupFunction;
}

export interface AddressGuardOptions {
  readonly origin: URL;
  /** The server that named the origin, where the user did not: then the origin is judged like every other host. */
  readonly namedBy?: URL | undefined;
  readonly lookup?: Lookup | undefined;
}

export function createAddressGuard(options: AddressGuardOptions): AddressGuard {
  const origin = options.namedBy ?? options.origin;
  const resolve = options.lookup ?? resolveBySystem;
  const named = new Set([origin.origin]);
  let loopbackOrigin: Promise<boolean> | undefined;
  const fromLoopback = (): Promise<boolean> => (loopbackOrigin ??= isLoopbackOrigin(origin, resolve));

  async function judge(address: string, url: URL, operation: string): Promise<void> {
    const kind = classifyAddress(address);
    if (kind === "public" || kind === "private") return;
    if (!mayConnect(kind, { fromLoopback: await fromLoopback() })) throw refused(url, { address, kind, operation });
  }

  async function resolveJudged(hostname: string, url: URL): Promise<readonly string[]> {
    const addresses = await resolve(hostname);
    if (addresses.length === 0) throw notFound(hostname);
    if (!named.has(url.origin)) for (const address of addresses) await judge(address, url, "connect");
    return addresses;
  }

  return {
    trust: (address) => void named.add(address.origin),
    check: async (url, operation) => {
      if (named.has(url.origin)) return;
      if (isMetadataName(url.hostname)) throw refused(url, { address: url.hostname, kind: "metadata", operation });
      if (isAddress(url.hostname)) await judge(url.hostname, url, operation);
    },
    lookupFor: (url) => {
      const resolving = callbackify((hostname: string) => resolveJudged(hostname, url));
      return (hostname, settings, callback) =>
        resolving(hostname, (error, addresses) => {
          const found = error === null ? addresses.map((address) => ({ address, family: isIP(address) })) : [];
          if (error !== null || settings.all === true) callback(error, found);
          else callback(null, found[0]?.address ?? "", found[0]?.family);
        });
    },
  };
}

async function resolveBySystem(host: string): Promise<readonly string[]> {
  const found = await systemLookup(host, { all: true });
  return found.map(({ address }) => address);
}

/** A name counts as this machine only if all its addresses do. */
async function isLoopbackOrigin(origin: URL, resolve: Lookup): Promise<boolean> {
  if (isLoopbackName(origin.hostname)) return true;
  if (isAddress(origin.hostname)) return false;
  try {
    const addresses = await resolve(origin.hostname);
    return addresses.length > 0 && addresses.every((address) => classifyAddress(address) === "loopback");
  } catch {
    return false;
  }
}

const kinds: Readonly<Record<AddressKind, string>> = {
  public: "public",
  private: "private",
  loopback: "an address of this machine",
  "link-local": "a link-local address",
  metadata: "a cloud's metadata service",
  reserved: "a reserved address",
};

function refused(url: URL, found: { readonly address: string; readonly kind: AddressKind; readonly operation: string }): ChartferryError {
  return new ChartferryError(`the server sends us to ${url.host}, which is ${kinds[found.kind]} (${found.address}): refused`, {
    code: "redirect-refused",
    operation: found.operation,
    registry: url.host,
    hint: "if that is meant to be, name this host itself as the registry or repository",
  });
}

function notFound(hostname: string): Error {
  return Object.assign(new Error(`no address for ${hostname}`), { code: "ENOTFOUND" });
}
