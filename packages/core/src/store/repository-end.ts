import type { ErrorView, Traits } from "../adapter/registry-adapter.ts";
import type { Digest } from "../digest.ts";
import { ChartferryError, type ErrorDetails } from "../errors.ts";
import { errorFromAnswer } from "../http/answer/error-response.ts";
import type { HttpAnswer, HttpRequest, RepeatPause } from "../http/http-client.ts";
import type { CallOptions, FoundBlob } from "./chart-store.ts";

/** What one connection has learned of how its registry takes blobs. */
export interface UploadForm {
  singlePost: "unknown" | "asking" | "yes" | "no";
  /** How the bytes of a session go up. `put-or-patch` = it is not yet known which; default `put`. */
  session?: "put" | "put-or-patch" | "patch";
}

/** A request of a repository: `access` becomes the token scope, the repository is added to messages. */
export type RepositoryRequest = Omit<HttpRequest, "scopes" | "repository"> & {
  readonly access: "pull" | "push" | "delete";
  /** Another repository that the same token must read (mount). */
  readonly alsoPull?: string | undefined;
};

/** What the parts of an HTTP store share: one repository as seen through one connection. */
export interface RepositoryEnd {
  readonly registry: string;
  readonly repository: string;
  readonly uploads: UploadForm;
  /** `tagPageSize` and limits of the adapter. */
  readonly tagPageSize: number | undefined;
  readonly tagPages?: Traits["tagPages"];
  readonly manifestBytes: number;
  /** Absolute url of a path below `/v2/<repository>/`. */
  url(path: string): URL;
  send(request: RepositoryRequest): Promise<HttpAnswer>;
  findBlob(digest: Digest, options?: CallOptions & Pick<HttpRequest, "repeats">): Promise<FoundBlob | undefined>;
  /** See `HttpClient.pause`. */
  pause(repeat: RepeatPause): Promise<void>;
  /** The registry's own way, where it has one. */
  readonly listTags?: ((options?: CallOptions) => AsyncIterable<string>) | undefined;
  readonly deleteTag?: ((tag: string, options?: CallOptions) => Promise<boolean>) | undefined;
  mapError(view: ErrorView): Partial<ErrorDetails> | undefined;
}

/** The error that an unexpected answer stands for; reads its body. */
export async function failure(
  end: RepositoryEnd,
  answer: HttpAnswer,
  { operation, version }: { readonly operation: string; readonly version?: string },
): Promise<ChartferryError> {
  const place = { operation, registry: end.registry, repository: end.repository, version };
  if (answer.status !== 401 || answer.url.origin === end.url("").origin)
    return errorFromAnswer(answer, { ...place, mapError: (view) => end.mapError(view) });
  await answer.dump();
  return new ChartferryError(`${end.registry} sends us to ${answer.url.host}, which asks for a sign-in: passwords do not go there`, {
    ...place,
    code: "redirect-refused",
    status: answer.status,
    hint: `use ${answer.url.host} as the address itself, if that is the registry`,
  });
}
