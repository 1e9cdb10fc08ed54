import { type AdapterContext, type CallOptions, ChartferryError } from "@chartferry/core";

import { isBelow } from "../support/is-below.ts";
import { textOf } from "../support/vendor-json.ts";
import { type GoogleCall, listNames } from "./artifact-registry.ts";

/** A project of a domain (`example.com:team`) takes two parts of a path. */
export function partsOf(repository: string): { readonly project: string; readonly rest: readonly string[] } {
  const [first = "", second = "", ...rest] = repository.split("/");
  return first.includes(".") ? { project: `${first}:${second}`, rest } : { project: first, rest: [second, ...rest] };
}

/** By the control plane: `/v2/_catalog` is not for users. A prefix names the project at least. */
export async function* listGoogleImages(
  prefix: string,
  context: AdapterContext,
  options: CallOptions = {},
): AsyncGenerator<string, void, undefined> {
  const call = { ...options, context, operation: "list repositories" };
  const { match } = context;
  const paths = await repositoriesFor(prefix, call);
  for (const path of paths) {
    for await (const each of listNames(`${path}/packages`, "packages", call)) {
      const found = pathOf(textOf(each, "name") ?? "", match["kind"]);
      if (isBelow(found, prefix)) yield found;
    }
  }
}

/** Those that hold what lies below the prefix. @throws usage where it names no project */
async function repositoriesFor(prefix: string, call: GoogleCall): Promise<readonly string[]> {
  const { project, rest } = partsOf(prefix);
  const { registry, match } = call.context;
  if (project === "")
    throw new ChartferryError("Artifact Registry lists the repositories of one project", {
      code: "usage",
      operation: call.operation,
      registry,
      hint: `name it: oci://${registry}/PROJECT`,
    });
  const parent = `projects/${project}/locations/${match["location"] ?? "-"}/repositories`;
  const name = match["kind"] === "gcr" ? registry : (rest[0] ?? "");
  return name === "" ? dockerRepositories(parent, call) : [`${parent}/${name}`];
}

async function dockerRepositories(parent: string, call: GoogleCall): Promise<string[]> {
  const found: string[] = [];
  for await (const each of listNames(parent, "repositories", call))
    if (textOf(each, "format") === "DOCKER") found.push(textOf(each, "name") ?? "");
  return found;
}

/** `projects/P/locations/L/repositories/R/packages/a%2Fb` as clients write it. */
function pathOf(name: string, kind: string | undefined): string {
  const [, project = "", , , , repository = "", , image = ""] = name.split("/");
  return [project.replace(":", "/"), ...(kind === "gcr" ? [] : [repository]), decodeURIComponent(image)].join("/");
}
