import { BlockList, isIP, isIPv4 } from "node:net";

import { ChartferryError } from "../../errors.ts";
import { classifyAddress, isAddress, isLoopbackName } from "./address-rules.ts";

export interface Proxy {
  /** Without userinfo. */
  readonly url: URL;
  /** Value of Proxy-Authorization; a secret. */
  readonly authorization?: string;
  /** The variable that names it, as it is spelled in the environment. */
  readonly variable: string;
}

/** A proxy for messages. */
export interface ProxyName {
  /** Host and port. */
  readonly host: string;
  readonly variable: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a url by the rules of Go's net/http: HTTPS_PROXY or HTTP_PROXY by the url's scheme, NO_PROXY with domains, addresses, CIDR
 * and ports, upper case before lower, loopback never. Link-local addresses (a cloud's metadata service) neither: a proxy has others than we. @throws usage
 */
export function chooseProxy(url: URL, environment: Environment): Proxy | undefined {
  const name = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const value = variable(environment, name);
  if (value === "" || isLoopbackName(url.hostname) || isLinkLocal(url.hostname)) return undefined;
  // A CGI server turns the request header `Proxy:` into HTTP_PROXY (httpoxy).
  if (name === "HTTP_PROXY" && environment["REQUEST_METHOD"] !== undefined) return undefined;
  return bypasses(url, variable(environment, "NO_PROXY")) ? undefined : parseProxy(value, environment[name] ? name : name.toLowerCase());
}

function isLinkLocal(hostname: string): boolean {
  const kind = isAddress(hostname) ? classifyAddress(hostname) : undefined;
  return kind === "link-local" || kind === "metadata";
}

export function proxyName({ url, variable: name }: Proxy): ProxyName {
  return { host: url.port === "" ? `${url.hostname}:${url.protocol === "https:" ? "443" : "80"}` : url.host, variable: name };
}

function variable(environment: Environment, name: string): string {
  return (environment[name] || environment[name.toLowerCase()] || "").trim();
}

function parseProxy(value: string, name: string): Proxy {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  if (!URL.canParse(text)) throw badProxy(name, "is not the address of a proxy");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw badProxy(name, `names a proxy of kind ${url.protocol.slice(0, -1)}`);
  const user = decode(url.username);
  const password = decode(url.password);
  const plain = new URL(url.origin);
  if (user === "" && password === "") return { url: plain, variable: name };
  return { url: plain, variable: name, authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The value stays out of the message: it may hold a password. */
function badProxy(name: string, problem: string): ChartferryError {
  return new ChartferryError(`${name} ${problem}`, {
    code: "usage",
    operation: "choose proxy",
    hint: `set ${name} to http://host:port or https://host:port`,
  });
}

function bypasses(url: URL, list: string): boolean {
  const host = url.hostname
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list.split(",").some((entry) => matches(entry.trim().toLowerCase(), host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === "") return false;
  if (entry === "*") return true;
  if (entry.includes("/")) return inRange(entry, host);
  const { name, port: wanted } = splitPort(entry);
  if (wanted !== undefined && wanted !== port) return false;
  if (isIP(name) !== 0) return sameAddress(name, host);
  if (/^\*?\./.test(name)) return host.endsWith(name.replace("*", ""));
  return host === name || host.endsWith(`.${name}`);
}

function splitPort(entry: string): { name: string; port: string | undefined } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry);
  if (bracketed !== null) return { name: bracketed[1] ?? "", port: bracketed[2] };
  if (isIP(entry) !== 0) return { name: entry, port: undefined };
  const plain = /^(.*?):(\d+)$/.exec(entry);
  return plain === null ? { name: entry, port: undefined } : { name: plain[1] ?? "", port: plain[2] };
}

/** Written in whatever form: the URL parser has one spelling for each. */
function sameAddress(a: string, b: string): boolean {
  return isIP(b) !== 0 && new URL(`http://${bracket(a)}/`).hostname === new URL(`http://${bracket(b)}/`).hostname;
}

function bracket(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

function inRange(entry: string, host: string): boolean {
  const [base = "", bits = ""] = entry.split("/");
  const family = isIP(base);
  const prefix = Number(bits);
  if (family === 0 || isIP(host) !== family || !/^\d+$/.test(bits) || prefix > (family === 4 ? 32 : 128)) return false;
  const block = new BlockList();
  block.addSubnet(base, prefix, isIPv4(base) ? "ipv4" : "ipv6");
  return block.check(host, isIPv4(host) ? "ipv4" : "ipv6");
}
