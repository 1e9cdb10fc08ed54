import type { AdapterContext, ConnectOptions, RegistryAdapter } from "../adapter/registry-adapter.ts";
import { ChartferryError } from "../errors.ts";
import { addTraffic } from "../http/add-traffic.ts";
import type { HostTraffic } from "../http/http-client.ts";
import { errorFromAnswer } from "../http/answer/error-response.ts";
import type { NameProblem } from "../reference/repository-name.ts";
import type { CallOptions } from "./chart-store.ts";
import { checkRights } from "./check-rights.ts";
import type { Connection, SignedIn } from "./connection.ts";
import { missingRepositories, newRepository } from "./missing-repositories.ts";
import { createHttpStore, findBlob } from "./http-store.ts";
import type { RepositoryEnd, RepositoryRequest, UploadForm } from "./repository-end.ts";

export interface HttpConnectionParts {
  readonly adapter: RegistryAdapter;
  readonly options: ConnectOptions;
  readonly context: AdapterContext;
  /** What finding the adapter has cost before the connection stood. */
  readonly spent: Readonly<Record<string, HostTraffic>>;
}

/** A connection that speaks the distribution protocol over one HTTP client. */
export function createHttpConnection(parts: HttpConnectionParts): Connection {
  const { adapter, options, context } = parts;
  const { http } = context;
  const { upload, uploadFallback } = adapter.traits;
  const uploads: UploadForm = {
    singlePost: upload === "single-post" ? "unknown" : "no",
    session: uploadFallback === "patch" ? "put-or-patch" : "put",
  };
  const missing = missingRepositories(parts);
  return {
    end: options.end,
    registry: options.registry,
    adapter: adapter.id,
    newRepository: newRepository(parts),
    hidesMissing: adapter.traits.hidesMissing,
    nameProblems: (repository) => [...depthProblems(adapter, repository), ...(adapter.validate?.(options.registry, repository) ?? [])],
    openStore: (repository) => Promise.resolve(missing(repository, createHttpStore(repositoryEnd(parts, repository, uploads)))),
    repositories: (prefix, call) => listRepositories(parts, prefix, call),
    ping: (call) => ping(parts, call),
    checkRights: (repository, call) => checkRights(repositoryEnd(parts, repository, uploads), call),
    traffic: () => addTraffic([parts.spent, http.traffic()]),
    close: () => http.close(),
  };
}

function depthProblems({ id, traits: { depth } }: RegistryAdapter, repository: string): NameProblem[] {
  const parts = repository.split("/").length;
  if (parts >= depth.min && parts <= depth.max) return [];
  const bound = parts < depth.min ? `at least ${depth.min}` : `at most ${depth.max}`;
  return [{ text: `${repository} has ${parts} parts, ${id} wants ${bound}`, hint: "choose another namespace for the target" }];
}

function repositoryEnd(parts: HttpConnectionParts, written: string, uploads: UploadForm): RepositoryEnd {
  const { adapter, options, context } = parts;
  const { http, origin } = context;
  const [listTags, deleteTag] = [adapter.listTags?.bind(adapter), adapter.deleteTag?.bind(adapter)];
  const repository = adapter.resolve?.(options.registry, written).repository ?? written;
  const end: RepositoryEnd = {
    registry: options.registry,
    repository,
    uploads,
    tagPageSize: adapter.traits.tagPageSize,
    tagPages: adapter.traits.tagPages,
    manifestBytes: adapter.traits.manifestBytes,
    url: (path) => new URL(`/v2/${repository}/${path}`, origin),
    send: (request) =>
      http.send({
        ...request,
        repository,
        scopes: scopes({ access: usual(options, request.access), alsoPull: request.alsoPull }, repository, adapter.traits),
      }),
    findBlob: (digest, call) => findBlob(end, digest, call),
    pause: (repeat) => http.pause(repeat),
    mapError: (view) => adapter.mapError?.(view),
    listTags: listTags && ((call) => listTags(repository, context, call)),
    deleteTag: deleteTag && ((tag, call) => deleteTag({ repository, tag }, context, call)),
  };
  return end;
}

/**
 * A target is listed and then pushed to: one token with both rights saves a second request a repository. Who only looks asks for no
 * more than that: some registries make a repository while they issue a token to push to it.
 */
function usual({ end, readOnly = false }: ConnectOptions, access: RepositoryRequest["access"]): RepositoryRequest["access"] {
  return end === "target" && !readOnly && access === "pull" ? "push" : access;
}

/** A push asks for `pull,push` at once: some token servers mishandle a second, wider request. */
function scopes(
  { access, alsoPull }: Pick<RepositoryRequest, "access" | "alsoPull">,
  repository: string,
  { deleteActions = "delete,pull" }: RegistryAdapter["traits"],
): string[] {
  const actions = { pull: "pull", push: "pull,push", delete: deleteActions }[access];
  const own = `repository:${repository}:${actions}`;
  return alsoPull === undefined || alsoPull === repository ? [own] : [own, `repository:${alsoPull}:pull`];
}

async function ping({ context: { http, origin }, options, adapter }: HttpConnectionParts, call: CallOptions = {}): Promise<SignedIn> {
  const answer = await http.send({ method: "GET", url: new URL("/v2/", origin), operation: "sign in", scopes: [], ...call });
  if (answer.status === 200) {
    await answer.dump();
    return { credentialSource: answer.credentialSource };
  }
  throw await errorFromAnswer(answer, { operation: "sign in", registry: options.registry, mapError: (view) => adapter.mapError?.(view) });
}

function listRepositories({ adapter, context, options }: HttpConnectionParts, prefix: string, call?: CallOptions): AsyncIterable<string> {
  if (adapter.listRepositories !== undefined) return adapter.listRepositories(prefix, context, call);
  const reason = adapter.capabilities["list-repositories"];
  throw new ChartferryError(typeof reason === "string" && reason !== "probe" ? reason : "this registry does not list its repositories", {
    code: "unsupported",
    operation: "list repositories",
    registry: options.registry,
    hint: "name the repositories one by one",
  });
}
