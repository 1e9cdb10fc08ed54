import {
  type AdapterContext,
  ChartferryError,
  type Credential,
  type ErrorDetails,
  type ErrorView,
  type NameProblem,
  type RegistryAdapter,
} from "@chartferry/core";

import { generic, specCapabilities, specTraits } from "./generic.ts";
import { awsFailure, awsSource, hasNoAwsCredentials, speaksOfAws, tokenCredential } from "./sdk/aws.ts";
import { withEcrPublic } from "./sdk/ecr-public-client.ts";
import { textOption, textsOption } from "./support/adapter-options.ts";
import { isBelow } from "./support/is-below.ts";
import { keptCredential } from "./support/kept-credential.ts";

/** The second is the dual-stack name. Sources: amazon-ecr-credential-helper `client.go`; renovate. */
const hosts = ["public.ecr.aws", "ecr-public.aws.com"];
/** Without the alias. Source: AWS's model, `RepositoryName`. */
const nameLength = { min: 2, max: 205 };
const pageSize = 1000;
const isPublic = "everybody can read it: ECR Public has no private repositories";

/** Amazon ECR Public: everybody reads; who writes has AWS give a password, for which a token of an hour is bought. Repositories must exist. */
export const ecrPublic: RegistryAdapter = {
  ...generic,
  id: "ecr-public",
  traits: {
    ...specTraits,
    upload: "post-put",
    // Registry alias and repository.
    depth: { min: 2, max: Number.POSITIVE_INFINITY },
    // The reply is a token and nothing else. Source: helper and renovate; an hour.
    tokenLife: 3600,
    newRepository: {
      code: "repository-missing",
      text: `this repository does not exist, and ECR Public creates none on push; ${isPublic}`,
      hint: "create it with aws ecr-public create-repository --region us-east-1",
    },
    createdRepository: { code: "repository-becomes-public", text: `it is not there yet: the push will create it, and ${isPublic}` },
  },
  capabilities: {
    ...specCapabilities,
    "list-repositories": true,
    "delete-tag": true,
    "create-repository": true,
    "overwrite-tag": true,
  },
  detect: (host) => (hosts.includes(host) ? {} : undefined),
  validate: (_host, repository) => nameProblems(repository),
  credentials(context) {
    const lookUp = keptCredential(awsSource, context.clock, () => signIn(context));
    return speaksOfAws(context) ? { environment: lookUp } : { chain: lookUp };
  },
  /** A token that has ended is answered 400, without a challenge. Sources: oras-project/oras-go#1227; aws/containers-roadmap#2835. */
  isTokenExpired: ({ status, errors, text }) =>
    status === 400 && (text === "" || errors.some(({ code, message }) => code === "DENIED" && /authorization token/i.test(message))),
  mapError,
  ensureRepository,
  listRepositories,
  deleteTag,
};

/** One object, where ECR answers a list. */
async function signIn(context: AdapterContext): Promise<Credential | undefined> {
  try {
    const answer = await withEcrPublic(context, "sign in at AWS", (client, sdk) => client.send(new sdk.GetAuthorizationTokenCommand({})));
    return tokenCredential(answer.authorizationData, context);
  } catch (error) {
    if (hasNoAwsCredentials(error)) return undefined;
    throw awsFailure(error, { operation: "sign in at AWS", registry: context.registry });
  }
}

/** The name that the control plane knows has no alias. Source: actions/starter-workflows#2647. */
function parted(repository: string): { readonly alias: string; readonly name: string } {
  const slash = repository.indexOf("/");
  return slash < 0 ? { alias: repository, name: "" } : { alias: repository.slice(0, slash), name: repository.slice(slash + 1) };
}

function nameProblems(repository: string): NameProblem[] {
  const { length } = parted(repository).name;
  if (length === 0 || (length >= nameLength.min && length <= nameLength.max)) return [];
  const text = `${repository}: a repository of ECR Public has ${nameLength.min} to ${nameLength.max} characters after the alias`;
  return [{ text, hint: "choose another namespace" }];
}

function mapError({ errors, status, text, operation, username, repository = "ALIAS/NAME" }: ErrorView): Partial<ErrorDetails> | undefined {
  // What the token service says of a password that has ended is documented nowhere; AWS gives none by hand that last longer.
  if (status === 401 && operation === "sign in" && username === "AWS")
    return { code: "credentials-expired", hint: "such a password lasts twelve hours: aws ecr-public get-login-password gives another" };
  if (errors.some(({ code }) => code === "NAME_UNKNOWN")) {
    const { name } = parted(repository);
    return {
      code: "repository-missing",
      hint: `create it with aws ecr-public create-repository --region us-east-1 --repository-name ${name}`,
    };
  }
  return status === 405 && /invalid json syntax/i.test(text) ? { code: "manifest-invalid" } : undefined;
}

/** Only in the account's own registry: under somebody else's alias the name would come to lie in ours. @throws denied, usage */
async function ensureRepository(repository: string, context: AdapterContext): Promise<"exists" | "created"> {
  const { alias, name } = parted(repository);
  const place = { operation: "create repository", registry: context.registry, repository };
  return withEcrPublic(context, place.operation, async (client, sdk) => {
    try {
      const { registries = [] } = await client.send(new sdk.DescribeRegistriesCommand({}));
      const own = registries.flatMap(({ aliases = [] }) => aliases.map((each) => each.name ?? ""));
      if (!own.includes(alias)) throw notOurs(alias, own, place);
      await client.send(new sdk.CreateRepositoryCommand({ repositoryName: name, ...creationOptions(context) }));
      return "created";
    } catch (error) {
      if (error instanceof sdk.RepositoryAlreadyExistsException) return "exists";
      throw awsFailure(error, place);
    }
  });
}

function notOurs(alias: string, own: readonly string[], place: { readonly operation: string; readonly registry: string }): ChartferryError {
  return new ChartferryError(`${place.operation}: the registry ${alias} is not one of this account, whose aliases are ${own.join(", ")}`, {
    ...place,
    code: "denied",
    hint: `name the target as oci://${place.registry}/${own[0] ?? "ALIAS"}, or sign in at the account that ${alias} belongs to`,
  });
}

/** What chartferry.yaml says of repositories that are created. */
function creationOptions(context: AdapterContext) {
  const description = textOption(context, "description");
  const tags = Object.entries(textsOption(context, "tags") ?? {}).map(([Key, Value]) => ({ Key, Value }));
  return {
    ...(description === undefined ? {} : { catalogData: { description } }),
    ...(tags.length === 0 ? {} : { tags }),
  };
}

/** Those of the account, by the control plane: `/v2/_catalog` is not there. */
async function* listRepositories(prefix: string, context: AdapterContext): AsyncGenerator<string, void, undefined> {
  const place = { operation: "list repositories", registry: context.registry };
  let nextToken: string | undefined;
  do {
    const page = await withEcrPublic(context, place.operation, (client, sdk) =>
      client.send(new sdk.DescribeRepositoriesCommand({ maxResults: pageSize, ...(nextToken === undefined ? {} : { nextToken }) })),
    ).catch((error: unknown) => {
      throw awsFailure(error, place);
    });
    for (const { repositoryUri = "" } of page.repositories ?? []) {
      const found = repositoryUri.slice(repositoryUri.indexOf("/") + 1);
      if (isBelow(found, prefix)) yield found;
    }
    ({ nextToken } = page);
  } while (nextToken !== undefined && nextToken !== "");
}

/** A DELETE of the tag by the registry's own protocol is promised nowhere. */
async function deleteTag({ repository, tag }: { repository: string; tag: string }, context: AdapterContext): Promise<boolean> {
  const place = { operation: "delete tag", registry: context.registry, repository };
  const answer = await withEcrPublic(context, place.operation, (client, sdk) =>
    client.send(new sdk.BatchDeleteImageCommand({ repositoryName: parted(repository).name, imageIds: [{ imageTag: tag }] })),
  ).catch((error: unknown) => {
    throw awsFailure(error, place);
  });
  return (answer.imageIds ?? []).length > 0;
}
