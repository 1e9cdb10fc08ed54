/**
 * Whether the text is `host` or `host:port` and nothing else: DNS name, IPv4, `[IPv6]`; no user, path, or scheme.
 * Upper case is allowed (DNS ignores it).
 */
export function isRegistryHost(text: string): boolean {
  const match = /^(?<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::(?<port>\d{1,5}))?$/.exec(text);
  if (match === null || text.length > 262) return false;
  const port = match.groups?.["port"];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return false;
  return URL.canParse(`https://${text}/`);
}
