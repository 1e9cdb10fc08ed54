import type { Credential } from "../auth/credential.ts";
import type { ChartferryError } from "../errors.ts";
import type { Patience } from "./gate/patience.ts";
import type { RequestKind } from "./repeat-policy.ts";

/** A request body that a retry or a second sign-in can read again. */
export type RequestBody = Uint8Array | { readonly size: number; open(signal?: AbortSignal): AsyncIterable<Uint8Array> };

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  /** Lower-case names. Authorization is never among them: the client adds it. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** For messages: `push blob`, `read index`. */
  readonly operation: string;
  /** Registry token scopes, the missing one first: `repository:team/web:pull,push`. Empty for a plain http server. */
  readonly scopes?: readonly string[];
  /**
   * What is repeated here, see `requestRepeats`: all that may pass (`plain`, the default); only what was refused for want of patience (`upload`: the
   * caller repeats the whole session); nothing (`probe`). Signing in is repeated for all of them.
   */
  readonly repeats?: RequestKind;
  /**
   * Bytes. The body of a 200 is read before it is given back, this much of it at most: one that breaks off is then repeated like a connection that
   * breaks before it. Default: the caller reads, and an answer that breaks off is his to repeat.
   */
  readonly wholeBytes?: number;
  /** Shared by requests that are one to their caller: for how long they are held is counted over all of them. Default: its own. */
  readonly patience?: Patience;
  /** Default `follow`. `refuse`: the redirecting answer itself comes back. */
  readonly redirects?: "follow" | "refuse";
  /** Default `follow`. `refuse`: goes out without Authorization, and a 401 itself comes back; nobody is asked for a token. */
  readonly challenges?: "follow" | "refuse";
  /** Repository and version for messages. */
  readonly repository?: string | undefined;
  readonly version?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called right before the request goes out if it was held back for its host, with for how long; what it throws calls the request off. */
  readonly whenHeld?: ((milliseconds: number) => Promise<void>) | undefined;
}

/** Whatever status came in the end. The body must be read or dumped, else the connection is lost. */
export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** After redirects. */
  readonly url: URL;
  /** Where the credential that the request carried was found (`Credential.source`); absent when it carried none. */
  readonly credentialSource?: string;
  /** See `ConnectOptions.signInOptions`. */
  readonly signInOptions?: string | undefined;
  /** Masks the secrets that this end knows; for all of its text that is shown. */
  readonly scrub?: (text: string) => string;
  /** Fails with `too-large` beyond `limit` bytes. */
  bytes(limit: number): Promise<Uint8Array>;
  stream(): AsyncIterable<Uint8Array>;
  /** Reads the rest away, so that the connection is used again. */
  dump(): Promise<void>;
}

/** What crossed the wire to one host since the connection was opened. */
export interface HostTraffic {
  requests: number;
  retries: number;
  /** Body bytes. */
  bytesSent: number;
  bytesReceived: number;
  /** Answers that asked for fewer requests (429, 503). */
  throttled: number;
  /** Milliseconds in which requests were held back because of them. */
  pausedMs: number;
}

/** The wait before a repeat that is not the client's own: of an upload session, of a download that broke off. */
export interface RepeatPause {
  /** 1 after the first failure. */
  readonly attempt: number;
  readonly error: ChartferryError;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends requests for one end: keeps connections, signs in, follows redirects without credentials, repeats what may be repeated.
 * Network failures reject with a ChartferryError (`connection-refused`, `tls`, `timeout` …); answers of any status resolve.
 * A token service that refuses us rejects too (`unauthenticated`, `denied`), and so does a Retry-After longer than we may wait (`rate-limited`).
 */
export interface HttpClient {
  send(request: HttpRequest): Promise<HttpAnswer>;
  /**
   * Waits as the client does before its own repeats: as long as the server asked, told to whoever watches, and ended by whatever ends all waiting.
   * @throws aborted; the error itself where the server asked for more than may be waited
   */
  pause(repeat: RepeatPause): Promise<void>;
  traffic(): Readonly<Record<string, HostTraffic>>;
  close(): Promise<void>;
}

/** A request to another service of the registry's vendor; `authorization` goes out as it is. */
export type VendorRequest = Omit<HttpRequest, "scopes" | "challenges" | "redirects"> & { readonly authorization?: string | undefined };

/** A client whose registry has other services beside it. */
export interface VendorClient extends HttpClient {
  /** Proxies, TLS, redirects and repeats are as everywhere; nobody signs in. */
  call(request: VendorRequest): Promise<HttpAnswer>;
  /** The user's own environment names this address: it is not judged as one that a server sends us to. */
  trust(address: URL): void;
  /** Masks this wherever a server says it back. */
  hide(secret: string): void;
  /** What the registry is shown just now by who writes (to this repository): for services of its vendor that take the same. */
  credential(repository?: string): Promise<Credential>;
}
