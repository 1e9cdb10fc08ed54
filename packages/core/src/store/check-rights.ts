import { type ChartferryError, isChartferryError } from "../errors.ts";
import type { CallOptions } from "./chart-store.ts";
import type { Rights } from "./connection.ts";
import { cancelSession } from "./http-store.ts";
import { failure, type RepositoryEnd } from "./repository-end.ts";

/** Lists one tag, and begins an upload that is called off at once: no other request tells these rights without leaving content behind. (zot keeps the empty repository.) */
export async function checkRights(end: RepositoryEnd, options: CallOptions = {}): Promise<Rights> {
  return { pull: await asked(() => listOne(end, options)), push: await asked(() => beginUpload(end, options)) };
}

async function asked(work: () => Promise<"granted" | "absent">): Promise<"granted" | "absent" | ChartferryError> {
  try {
    return await work();
  } catch (error) {
    if (isChartferryError(error, "repository-missing")) return "absent";
    if (isChartferryError(error) && error.code !== "aborted") return error;
    throw error;
  }
}

async function listOne(end: RepositoryEnd, options: CallOptions): Promise<"granted" | "absent"> {
  const url = end.url("tags/list");
  url.searchParams.set("n", "1");
  const answer = await end.send({ method: "GET", url, operation: "list tags", access: "pull", ...options });
  if (answer.status !== 200 && answer.status !== 404) throw await failure(end, answer, { operation: "list tags" });
  await answer.dump();
  return answer.status === 200 ? "granted" : "absent";
}

async function beginUpload(end: RepositoryEnd, options: CallOptions): Promise<"granted"> {
  const request = { method: "POST", url: end.url("blobs/uploads/"), operation: "push blob", access: "push" } as const;
  const answer = await end.send({ ...request, redirects: "refuse", repeats: "upload", headers: { "content-length": "0" }, ...options });
  if (answer.status !== 202) throw await failure(end, answer, { operation: "push blob" });
  await answer.dump();
  await cancelSession(end, answer.headers["location"], options);
  return "granted";
}
