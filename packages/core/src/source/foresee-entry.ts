import { type ChartferryError, isChartferryError } from "../errors.ts";
import type { Note } from "../note.ts";
import { tagOf } from "../reference/chart-tag.ts";
import { parseReference } from "../reference/parse-reference.ts";
import { shown } from "../shown-text.ts";
import type { Foresight, SourceEntry } from "./chart-source.ts";
import { fileWithin } from "./folder-file.ts";
import { isGone, mayFallBack, orderedUrls, type Places } from "./open-entry.ts";

/** Tells what stands in the way of entries before they are fetched: each host that they name is asked once, with one HEAD. */
export type Foresee = (entry: SourceEntry, signal: AbortSignal | undefined) => Promise<Foresight>;

/** Hosts that one index may have us knock at; those beyond are not asked beforehand. */
const mostHosts = 64;

type HostFailure = ChartferryError | undefined;

export function createForesee(places: Places): Foresee {
  const asked = new Map<string, Promise<HostFailure>>();
  const failureOf = (url: URL, entry: SourceEntry, signal: AbortSignal | undefined): Promise<HostFailure> => {
    const known = asked.get(hostKey(url));
    if (known !== undefined || asked.size >= mostHosts) return known ?? Promise.resolve(undefined);
    const asking = askHost(places, { url, entry }, signal);
    asked.set(hostKey(url), asking);
    return asking;
  };
  return async (entry, signal) => {
    const candidates = orderedUrls(places.location, entry).map((text) => new URL(text));
    const failures: { readonly url: URL; readonly error: ChartferryError }[] = [];
    for (const url of candidates) {
      const error = await failureAt(url, { places, ask: () => failureOf(url, entry, signal) });
      if (error === undefined) return { notes: notesOn(failures, true) };
      failures.push({ url, error });
    }
    // In a folder the file beside the index is among the candidates where a digest speaks for it.
    const fallsBack = mayFallBack(places, entry) && (places.location.kind === "http" || entry.digest === undefined);
    // What the index names goes before the file that is only guessed at.
    const first = failures.find(({ url }) => entry.urls.includes(url.href)) ?? failures[0];
    return { notes: notesOn(failures, fallsBack), ...(fallsBack || first === undefined ? {} : { fault: first.error }) };
  };
}

/** `undefined` = the chart may well be there. A file of this machine is looked for; the index's own server is not asked once more. */
async function failureAt(
  url: URL,
  { places, ask }: { readonly places: Places; readonly ask: () => Promise<HostFailure> },
): Promise<HostFailure> {
  if (url.protocol === "file:") return fileFailure(places, url);
  return url.origin === places.fetcher?.origin ? undefined : ask();
}

/** `findsOther`: it will be looked for elsewhere. */
function notesOn(failures: readonly { readonly url: URL; readonly error: ChartferryError }[], findsOther: boolean): Note[] {
  const hosts = new Map(failures.flatMap(({ url, error }) => (url.protocol === "file:" ? [] : [[url.host, error] as const])));
  return [...hosts].map(([host, error]) => hostGone(host, error, findsOther));
}

function hostGone(host: string, error: ChartferryError, findsOther: boolean): Note {
  const instead = findsOther ? "it is looked for in the other places, and beside the index" : "there is no other place to take it from";
  return {
    code: "host-gone",
    text: `its url names ${shown(host)}, which does not serve it (${error.code}): ${instead}`,
    hint: "say where the files are now with --url-rewrite FROM=TO",
  };
}

function hostKey(url: URL): string {
  return `${url.protocol}//${url.host}`;
}

async function fileFailure({ location, names }: Places, url: URL): Promise<HostFailure> {
  if (location.kind !== "folder") return undefined;
  try {
    await fileWithin(location.directory, url, names);
    return undefined;
  } catch (error) {
    return isChartferryError(error) ? error : undefined;
  }
}

/** The first url of a host stands for all: only whether the host can be reached is told, not whether it has the file. */
async function askHost(
  { fetcher, openRegistry }: Places,
  { url, entry }: { readonly url: URL; readonly entry: SourceEntry },
  signal: AbortSignal | undefined,
): Promise<HostFailure> {
  try {
    if (url.protocol === "oci:") await lookUp(openRegistry, url, { entry, signal });
    else await fetcher?.deadHosts.reach(url.host, () => head(fetcher, url, signal));
    return undefined;
  } catch (error) {
    signal?.throwIfAborted();
    return isChartferryError(error) && error.code !== "source-missing" && isGone(error, "") ? error : undefined;
  }
}

async function head({ http }: NonNullable<Places["fetcher"]>, url: URL, signal: AbortSignal | undefined): Promise<void> {
  const answer = await http.send({ method: "HEAD", url, operation: "look for host", repeats: "probe", redirects: "refuse", signal });
  await answer.dump();
}

async function lookUp(
  openRegistry: Places["openRegistry"],
  url: URL,
  { entry, signal }: { readonly entry: SourceEntry; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const reference = parseReference(url.href);
  const store = await openRegistry?.(reference);
  await store?.resolve(reference.digest ?? reference.tag ?? tagOf(entry.version), { signal });
}
