import {
  type AdapterContext,
  type CallOptions,
  ChartferryError,
  type Credential,
  type ErrorDetails,
  type ErrorView,
  type NameProblem,
  type RegistryAdapter,
} from "@chartferry/core";

import { generic, specCapabilities, specTraits } from "./generic.ts";
import { createGoogleRepository, type GoogleRepository } from "./sdk/artifact-registry.ts";
import { listGoogleImages, partsOf } from "./sdk/google-images.ts";
import { googleToken, speaksOfGoogle } from "./sdk/google.ts";
import { flagOption, textOption, textsOption } from "./support/adapter-options.ts";
import { keptCredential } from "./support/kept-credential.ts";

/** Location, location of a regional endpoint, prefix of gcr.io. Sources: docker-credential-gcr `config/const.go`; flux for the sovereign one. */
const hostPattern =
  /^(?:([a-z]+(?:-[a-z]+[0-9]+)?)-docker\.pkg\.dev|docker\.([a-z0-9-]+)\.rep\.pkg\.dev|((?:[a-z0-9-]+\.)*)gcr\.io|docker\.s3nsregistry\.fr)$/;

const source = "Google's application default credentials";
/** The user that stands for an access token. Source: Artifact Registry, authentication for Docker. */
const tokenUser = "oauth2accesstoken";
/** Where what is stored under a name of gcr.io lies. Source: Artifact Registry, transition from Container Registry. */
const locationsOfGcr: Readonly<Record<string, string>> = { "": "us", us: "us", eu: "europe", asia: "asia" };

/** Google Artifact Registry, and the names of gcr.io that it serves: an access token as a password, repositories that must exist, images in them that need not. */
export const gar: RegistryAdapter = {
  ...generic,
  id: "gar",
  traits: {
    ...specTraits,
    // "You must use monolithic uploads": PATCH in pieces is refused (dotnet/sdk-container-builds#287). One POST is documented nowhere.
    upload: "post-put",
    // All tags come at once, whatever `n` says (go-containerregistry, pkg/v1/google/list.go).
    tagPageSize: undefined,
    depth: { min: 2, max: Number.POSITIVE_INFINITY },
    newRepository: {
      code: "repository-missing",
      text: "nothing is there yet: Artifact Registry creates images on push, and the repository that they lie in must exist",
      hint: "create that with gcloud artifacts repositories create --repository-format=docker",
    },
  },
  capabilities: { ...specCapabilities, "list-repositories": true, "create-repository": true },
  detect(host) {
    const match = hostPattern.exec(host);
    if (match === null) return undefined;
    const [, location = match[2], , prefix] = match;
    if (prefix === undefined) return { kind: "pkg", ...(location === undefined ? {} : { location }) };
    const region = locationsOfGcr[prefix.replace(/\.$/, "")];
    return { kind: "gcr", ...(region === undefined ? {} : { location: region }) };
  },
  validate: nameProblems,
  credentials(context) {
    const lookUp = keptCredential(source, context.clock, () => signIn(context));
    return speaksOfGoogle(context) ? { environment: lookUp } : { chain: lookUp };
  },
  mapError,
  missingCodes: ["denied-or-missing"],
  ensureRepository,
  listRepositories: listGoogleImages,
};

async function signIn(context: AdapterContext): Promise<Credential | undefined> {
  const found = await googleToken(context);
  if (found === undefined) return undefined;
  const { token: password, expiresAt } = found;
  return { kind: "basic", username: tokenUser, password, source, ...(expiresAt === undefined ? {} : { expiresAt }) };
}

function nameProblems(host: string, repository: string): NameProblem[] {
  const wanted = gar.detect(host)?.["kind"] === "gcr" ? 1 : 2;
  if (partsOf(repository).rest.length >= wanted) return [];
  const form = wanted === 1 ? "PROJECT/IMAGE" : "PROJECT/REPOSITORY/IMAGE";
  return [
    {
      text: `${repository}: a path at ${host} has the form ${form}`,
      hint: `name the target as oci://${host}/PROJECT${wanted === 1 ? "" : "/REPOSITORY"}`,
    },
  ];
}

/** What lies there is told to nobody without the right to see it, and by the token service already. Source: fluxcd/source-controller#798. */
function mapError({ status, operation, username, text }: ErrorView): Partial<ErrorDetails> | undefined {
  if (status === 401 && operation === "sign in" && username === tokenUser)
    return { code: "credentials-expired", hint: "an access token lasts an hour: gcloud auth print-access-token gives another" };
  // Its status and code under /v2/ are documented nowhere.
  if (/tag immutability/i.test(text)) return { code: "tag-immutable" };
  if (status === 403 && /unauthenticated request/i.test(text)) return { code: "unauthenticated" };
  if (status === 403 && /\(or it may not exist\)/i.test(text))
    return {
      code: "denied-or-missing",
      hint: "create it with gcloud artifacts repositories create --repository-format=docker, or ask for roles/artifactregistry.writer there",
    };
  return undefined;
}

/** @throws denied without artifactregistry.repositories.create; usage for options that cannot be read; unsupported where the host tells no location */
function ensureRepository(repository: string, context: AdapterContext, options: CallOptions = {}): Promise<"exists" | "created"> {
  const place = placeOf(repository, context);
  const known = created.get(context.http) ?? new Map<string, Promise<"exists" | "created">>();
  created.set(context.http, known);
  const name = JSON.stringify(place);
  const attempt =
    known.get(name) ??
    createGoogleRepository(place, creationOptions(context), { ...options, context, repository, operation: "create repository" });
  known.set(name, attempt);
  attempt.catch(() => known.delete(name));
  return attempt;
}

/** Many charts lie in one repository, and the first of them has it created for all. By connection. */
const created = new WeakMap<AdapterContext["http"], Map<string, Promise<"exists" | "created">>>();

function placeOf(repository: string, { registry, match: { location, kind } }: AdapterContext): GoogleRepository {
  if (location === undefined)
    throw new ChartferryError(`the host ${registry} does not tell where its repositories lie`, {
      code: "unsupported",
      operation: "create repository",
      registry,
      hint: "create the repository with gcloud artifacts repositories create",
    });
  const { project, rest } = partsOf(repository);
  return { project, location, name: kind === "gcr" ? registry : (rest[0] ?? "") };
}

/** What chartferry.yaml says of repositories that are created. */
function creationOptions(context: AdapterContext): Readonly<Record<string, unknown>> {
  const immutableTags = flagOption(context, "immutableTags");
  const optional = {
    description: textOption(context, "description"),
    kmsKeyName: textOption(context, "kmsKey"),
    labels: textsOption(context, "labels"),
    dockerConfig: immutableTags === undefined ? undefined : { immutableTags },
  };
  return { format: "DOCKER", ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) };
}
