import { type AdapterContext, type Credential, type ErrorView, type NameProblem, type RegistryAdapter } from "@chartferry/core";

import { generic, specCapabilities, specTraits } from "./generic.ts";
import { awsFailure, awsSource, hasNoAwsCredentials, speaksOfAws, tokenCredential } from "./sdk/aws.ts";
import { withEcr } from "./sdk/ecr-client.ts";
import { flagOption, textOption, textsOption } from "./support/adapter-options.ts";
import { isBelow } from "./support/is-below.ts";
import { keptCredential } from "./support/kept-credential.ts";

/** Account, form, FIPS, region, partition; all partitions. Anchored: `….amazonaws.com.evil.example` is none. Source: amazon-ecr-credential-helper. */
const hostPattern =
  /^(\d{12})\.dkr([.-])ecr(-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|on\.aws|on\.amazonwebservices\.(?:com\.cn|eu)|c2s\.ic\.gov|on\.aws\.ic\.gov|sc2s\.sgov\.gov|on\.aws\.scloud|cloud\.adc-e\.uk|on\.cloud-aws\.adc-e\.uk|csp\.hci\.ic\.gov|on\.aws\.hci\.ic\.gov)$/;

/** Characters of a name. Source: APIReference, API_CreateRepository. */
const nameLength = { min: 2, max: 256 };
const pageSize = 1000;

/** Amazon ECR: Basic with a password of twelve hours, repositories that must exist, a control plane of its own. */
export const ecr: RegistryAdapter = {
  ...generic,
  id: "ecr",
  traits: {
    ...specTraits,
    // A single POST is documented nowhere; PATCH answers 201 and loses the second chunk (aws/containers-roadmap#2831).
    upload: "post-put",
    newRepository: {
      code: "repository-missing",
      text: "this repository does not exist, and ECR creates none on push unless a creation template says so",
      hint: "create it with aws ecr create-repository",
    },
  },
  capabilities: { ...specCapabilities, "list-repositories": true, "delete-tag": true, "create-repository": true },
  detect(host) {
    const match = hostPattern.exec(host);
    if (match === null) return undefined;
    const [, account = "", form, fips, region = ""] = match;
    return { account, region, fips: fips === undefined ? "no" : "yes", dualStack: form === "-" ? "yes" : "no" };
  },
  validate: (_host, repository) => nameProblems(repository),
  credentials(context) {
    const lookUp = keptCredential(awsSource, context.clock, () => signIn(context));
    return speaksOfAws(context) ? { environment: lookUp } : { chain: lookUp };
  },
  /** Comes as 403 without a challenge, as plain text from old servers, and as 400 for what cannot be read at all. */
  isTokenExpired: ({ status, text }) => /authorization token/i.test(text) || (status === 403 && text === ""),
  mapError,
  ensureRepository,
  listRepositories,
  deleteTag,
};

async function signIn(context: AdapterContext): Promise<Credential | undefined> {
  const { account } = context.match;
  try {
    const answer = await withEcr(context, "sign in at AWS", (client, sdk) =>
      client.send(new sdk.GetAuthorizationTokenCommand(account === undefined ? {} : { registryIds: [account] })),
    );
    return tokenCredential(answer.authorizationData?.[0], context);
  } catch (error) {
    if (hasNoAwsCredentials(error)) return undefined;
    throw awsFailure(error, { operation: "sign in at AWS", registry: context.registry });
  }
}

function nameProblems(repository: string): NameProblem[] {
  const { length } = repository;
  if (!/^[a-z]/.test(repository))
    return [{ text: `${repository}: a repository of ECR begins with a letter`, hint: "choose another namespace" }];
  if (length < nameLength.min || length > nameLength.max)
    return [
      {
        text: `${repository}: a repository of ECR has ${nameLength.min} to ${nameLength.max} characters`,
        hint: "choose another namespace",
      },
    ];
  return [];
}

function mapError({ status, errors, repository, text }: ErrorView): ReturnType<NonNullable<RegistryAdapter["mapError"]>> {
  if (errors.some(({ code }) => code === "NAME_UNKNOWN"))
    return { code: "repository-missing", hint: `create it with aws ecr create-repository --repository-name ${repository ?? "NAME"}` };
  // Its word for a member of the manifest that it does not know.
  if (status === 405 && /invalid json syntax/i.test(text)) return { code: "manifest-invalid" };
  return undefined;
}

const registryOf = ({ match: { account } }: AdapterContext): { registryId?: string } =>
  account === undefined ? {} : { registryId: account };

/** @throws denied where the identity lacks ecr:CreateRepository; usage for options that cannot be read */
async function ensureRepository(repository: string, context: AdapterContext): Promise<"exists" | "created"> {
  const wish = { ...registryOf(context), repositoryName: repository, ...creationOptions(context) };
  return withEcr(context, "create repository", async (client, sdk) => {
    try {
      await client.send(new sdk.CreateRepositoryCommand(wish));
      return "created";
    } catch (error) {
      if (error instanceof sdk.RepositoryAlreadyExistsException) return "exists";
      throw awsFailure(error, { operation: "create repository", registry: context.registry, repository });
    }
  });
}

/** What chartferry.yaml says of repositories that are created. */
function creationOptions(context: AdapterContext) {
  const mutability = textOption(context, "tagMutability", ["MUTABLE", "IMMUTABLE"]);
  const scanOnPush = flagOption(context, "scanOnPush");
  const encryptionType = textOption(context, "encryption", ["AES256", "KMS", "KMS_DSSE"]);
  const kmsKey = textOption(context, "kmsKey");
  const tags = Object.entries(textsOption(context, "tags") ?? {}).map(([Key, Value]) => ({ Key, Value }));
  return {
    ...(mutability === undefined ? {} : { imageTagMutability: mutability }),
    ...(scanOnPush === undefined ? {} : { imageScanningConfiguration: { scanOnPush } }),
    ...(encryptionType === undefined ? {} : { encryptionConfiguration: { encryptionType, ...(kmsKey === undefined ? {} : { kmsKey }) } }),
    ...(tags.length === 0 ? {} : { tags }),
  };
}

/** By the control plane: `/v2/_catalog` would need rights over the whole account. */
async function* listRepositories(prefix: string, context: AdapterContext): AsyncGenerator<string, void, undefined> {
  let nextToken: string | undefined;
  do {
    const page = await withEcr(context, "list repositories", (client, sdk) =>
      client.send(
        new sdk.DescribeRepositoriesCommand({
          ...registryOf(context),
          maxResults: pageSize,
          ...(nextToken === undefined ? {} : { nextToken }),
        }),
      ),
    ).catch((error: unknown) => {
      throw awsFailure(error, { operation: "list repositories", registry: context.registry });
    });
    for (const { repositoryName = "" } of page.repositories ?? []) if (isBelow(repositoryName, prefix)) yield repositoryName;
    ({ nextToken } = page);
  } while (nextToken !== undefined && nextToken !== "");
}

/** A DELETE of the tag by the registry's own protocol is promised nowhere. */
async function deleteTag({ repository, tag }: { repository: string; tag: string }, context: AdapterContext): Promise<boolean> {
  const place = { operation: "delete tag", registry: context.registry, repository };
  const answer = await withEcr(context, place.operation, (client, sdk) =>
    client.send(new sdk.BatchDeleteImageCommand({ ...registryOf(context), repositoryName: repository, imageIds: [{ imageTag: tag }] })),
  ).catch((error: unknown) => {
    throw awsFailure(error, place);
  });
  return (answer.imageIds ?? []).length > 0;
}
