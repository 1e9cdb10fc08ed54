import { isIPv4 } from "node:net";

import { parseIpv6 } from "./parse-ipv6.ts";

/** What an address means for someone who was sent there by a server. `reserved`: multicast, broadcast, class E, not an address at all. */
export type AddressKind = "public" | "private" | "loopback" | "link-local" | "metadata" | "reserved";

/**
 * Instance metadata of the clouds that does not lie in 169.254/16: Alibaba, Oracle, Azure's wire server.
 * 100.100.100.200 lies inside 100.64/10, which is otherwise allowed.
 */
const metadataV4 = new Set(["169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "192.0.0.192", "168.63.129.16"]);
/** AWS (instance and pod identity) and Google, without leading zeros. */
const metadataV6 = new Set(["fd00:ec2:0:0:0:0:0:254", "fd00:ec2:0:0:0:0:0:23", "fd20:ce:0:0:0:0:0:254"]);

/** Names that the clouds' own resolvers answer; they matter where a proxy does the resolving. */
const metadataNames = new Set(["metadata.google.internal", "metadata.goog", "metadata", "instance-data", "instance-data.ec2.internal"]);

/** Most specific first. Source: IANA special-purpose registries; 0/8 reaches this machine on Linux. */
const rangesV4: readonly (readonly [base: string, bits: number, kind: AddressKind])[] = [
  ["0.0.0.0", 8, "loopback"],
  ["127.0.0.0", 8, "loopback"],
  ["169.254.0.0", 16, "link-local"],
  ["10.0.0.0", 8, "private"],
  ["172.16.0.0", 12, "private"],
  ["192.168.0.0", 16, "private"],
  ["100.64.0.0", 10, "private"],
  ["224.0.0.0", 4, "reserved"],
  ["240.0.0.0", 4, "reserved"],
];

/** How bad a kind is, when an address carries another one inside: the worst counts. */
const severity: readonly AddressKind[] = ["public", "private", "loopback", "link-local", "metadata", "reserved"];

/** What kind of address the text is; IPv4 inside IPv6 (mapped, compatible, NAT64, 6to4, Teredo, ISATAP) counts as itself. */
export function classifyAddress(text: string): AddressKind {
  const bare = text.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  if (isIPv4(bare)) return classifyV4(bare);
  const groups = parseIpv6(bare);
  return groups === undefined ? "reserved" : classifyV6(groups);
}

/** Whether we may connect where a server sends us. Private addresses may: registries and their token services live there. */
export function mayConnect(kind: AddressKind, rules: { readonly fromLoopback: boolean }): boolean {
  if (kind === "loopback") return rules.fromLoopback;
  return kind === "public" || kind === "private";
}

/** Names of this machine: never sent through a proxy, and reached over plain http without being told. */
export function isLoopbackName(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  return name === "localhost" || name.endsWith(".localhost") || (isAddress(name) && classifyAddress(name) === "loopback");
}

/** Whether the url's host name is written as an IP address. */
export function isAddress(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  return isIPv4(bare) || parseIpv6(bare) !== undefined;
}

export function isMetadataName(hostname: string): boolean {
  return metadataNames.has(hostname.toLowerCase().replace(/\.$/, ""));
}

function classifyV4(address: string): AddressKind {
  if (metadataV4.has(address)) return "metadata";
  const value = numberOf(address);
  for (const [base, bits, kind] of rangesV4) {
    if (value >>> (32 - bits) === numberOf(base) >>> (32 - bits)) return kind;
  }
  return "public";
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0);
}

function classifyV6(groups: readonly number[]): AddressKind {
  if (metadataV6.has(groups.map((group) => group.toString(16)).join(":"))) return "metadata";
  const inside = embeddedV4(groups).map(classifyV4);
  return [ownKind(groups), ...inside].reduce((worst, kind) => (severity.indexOf(kind) > severity.indexOf(worst) ? kind : worst));
}

function ownKind(groups: readonly number[]): AddressKind {
  const first = groups[0] ?? 0;
  if (groups.slice(0, 7).every((group) => group === 0) && (groups[7] ?? 0) <= 1) return "loopback";
  if ((first & 0xffc0) === 0xfe80) return "link-local";
  if ((first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfec0) return "private";
  if ((first & 0xff00) === 0xff00) return "reserved";
  return "public";
}

/** Every IPv4 address that a gateway or the kernel would take out of it. Sources: RFC 4291, 6052, 8215, 3056, 4380, 5214. */
function embeddedV4(groups: readonly number[]): string[] {
  const at = (index: number): number => groups[index] ?? 0;
  const found: string[] = [];
  if (endsInV4(groups)) found.push(dotted(at(6), at(7)));
  if (at(0) === 0x2002) found.push(dotted(at(1), at(2)));
  if (at(0) === 0x2001 && at(1) === 0) found.push(dotted(at(2), at(3)), dotted(at(6) ^ 0xffff, at(7) ^ 0xffff));
  return found;
}

/** IPv4-mapped, IPv4-compatible, IPv4-translated, NAT64 (well-known and local) and ISATAP. */
function endsInV4(groups: readonly number[]): boolean {
  const text = groups
    .slice(0, 6)
    .map((group) => group.toString(16))
    .join(":");
  const compatible = text === "0:0:0:0:0:0" && groups.slice(6).join() !== "0,0" && groups.slice(6).join() !== "0,1";
  return compatible || /^(0:0:0:0:0:ffff|0:0:0:0:ffff:0|64:ff9b:.*|.*:[02]00:5efe|.*:0:5efe)$/.test(text);
}

function dotted(high: number, low: number): string {
  return [high >>> 8, high & 255, low >>> 8, low & 255].join(".");
}
