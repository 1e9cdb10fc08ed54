import { type ChartferryError, type ErrorCode, isChartferryError, withOption } from "../errors.ts";
import type { Note } from "../note.ts";
import type { CallOptions, ChartStore } from "./chart-store.ts";
import type { HttpConnectionParts } from "./http-connection.ts";

const option = "--create-repositories if-missing";

const plainCodes: readonly ErrorCode[] = ["repository-missing", "namespace-missing"];

type Parts = Pick<HttpConnectionParts, "adapter" | "options" | "context">;

/** What a user should know of a repository that is not there yet, as this connection treats it. */
export function newRepository({ adapter, options }: Pick<Parts, "adapter" | "options">): Note | undefined {
  const note = adapter.traits.newRepository;
  if (note === undefined || adapter.ensureRepository === undefined) return note;
  if (options.createRepositories === "if-missing")
    return adapter.traits.createdRepository ?? { code: "repository-created", text: "it is not there yet: the push will create it" };
  return { ...note, hint: `${note.hint === undefined ? "" : `${note.hint}; or `}let it be created with ${option}` };
}

/**
 * Stores whose repository is created when the registry says that it is missing, and what was asked is then asked once more. Where that is not
 * wanted the failure names the option; a connection that only looks never creates, and takes for empty what a push would create.
 */
export function missingRepositories(parts: Parts): (repository: string, store: ChartStore) => ChartStore {
  const { adapter, options } = parts;
  if (adapter.ensureRepository === undefined || options.end !== "target") return (_, store) => store;
  if (options.readOnly === true) return (_, store) => (options.createRepositories === "if-missing" ? withAbsence(store, parts) : store);
  const creating = new Map<string, Promise<unknown>>();
  return (repository, store) => {
    const mend = options.createRepositories === "if-missing" ? create : nameOption;
    return withMending(store, (error, call) => {
      if (!isMissing(error, parts)) throw error;
      return mend(error, { parts, repository, creating, call });
    });
  };
}

function isMissing(error: unknown, { adapter }: Parts): error is ChartferryError {
  return isChartferryError(error, ...plainCodes, ...(adapter.missingCodes ?? []));
}

interface Mending {
  readonly parts: Parts;
  readonly repository: string;
  /** One attempt a repository, whoever comes first. */
  readonly creating: Map<string, Promise<unknown>>;
  readonly call: CallOptions;
}

/** Resolves when there is reason to ask again. @throws the failure, or why nothing could be created */
type Mend = (error: unknown, call: CallOptions) => Promise<void>;

async function nameOption(error: ChartferryError): Promise<never> {
  throw withOption(error, `let it be created with ${option}`);
}

async function create(refusal: ChartferryError, { parts, repository, creating, call }: Mending): Promise<void> {
  const { adapter, context } = parts;
  let attempt = creating.get(repository);
  if (attempt === undefined) {
    attempt = Promise.resolve(adapter.ensureRepository?.(repository, context, call));
    creating.set(repository, attempt);
    attempt.catch((reason: unknown) => {
      // What may pass is tried again by the next version.
      if (isChartferryError(reason) && (reason.retryable || reason.code === "aborted")) creating.delete(repository);
    });
  }
  const outcome = await attempt;
  // It is there, and refuses us all the same.
  if (outcome === "exists" && !plainCodes.includes(refusal.code)) throw refusal;
}

function withMending(store: ChartStore, mend: Mend): ChartStore {
  const mended = async <T>(work: () => Promise<T>, call: CallOptions = {}): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      await mend(error, call);
    }
    return work();
  };
  return {
    ...store,
    resolve: (reference, options) => mended(() => store.resolve(reference, options), options),
    fetchManifest: (reference, options) => mended(() => store.fetchManifest(reference, options), options),
    putManifest: (reference, manifest, options) => mended(() => store.putManifest(reference, manifest, options), options),
    findBlob: (digest, options) => mended(() => store.findBlob(digest, options), options),
    putBlob: (content, options) => mended(() => store.putBlob(content, options), options),
    mountBlob: (descriptor, from, options) => mended(() => store.mountBlob(descriptor, from, options), options),
    tags: (options) => tagsMended(store, mend, options),
  };
}

/** Where a push would create what is missing, nothing stands there yet. */
function withAbsence(store: ChartStore, parts: Parts): ChartStore {
  const absent = async <T>(looking: Promise<T | undefined>): Promise<T | undefined> => {
    try {
      return await looking;
    } catch (error) {
      if (!isMissing(error, parts)) throw error;
      return undefined;
    }
  };
  return {
    ...store,
    resolve: (reference, options) => absent(store.resolve(reference, options)),
    fetchManifest: (reference, options) => absent(store.fetchManifest(reference, options)),
    findBlob: (digest, options) => absent(store.findBlob(digest, options)),
    async *tags(options) {
      try {
        yield* store.tags(options);
      } catch (error) {
        if (!isMissing(error, parts)) throw error;
      }
    },
  };
}

async function* tagsMended(store: ChartStore, mend: Mend, options: CallOptions = {}): AsyncGenerator<string, void, undefined> {
  try {
    yield* store.tags(options);
    return;
  } catch (error) {
    await mend(error, options);
  }
  yield* store.tags(options);
}
