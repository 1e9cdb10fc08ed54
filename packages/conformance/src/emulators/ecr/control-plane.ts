import type { RegistryHandler } from "@chartferry/registry";

import { answerAws, AwsError, type AwsCaller, type AwsOperation } from "./aws-json.ts";
import type { EcrIdentity, EcrState } from "./ecr-state.ts";

type Input = Readonly<Record<string, unknown>>;

const pages = { usual: 100, largest: 1000 };

/** `api.ecr.<region>.amazonaws.com`. Sources: AWS's model of ECR, API reference. `deleteTag`: whether it was there. */
export function ecrControlPlane(state: EcrState, deleteTag: (repository: string, tag: string) => Promise<boolean>): RegistryHandler {
  const service = {
    target: "AmazonEC2ContainerRegistry_V20150921",
    service: "ecr",
    region: state.region,
    accessKeyIds: new Set(state.identities.keys()),
    operations: operationsOf(state, deleteTag),
    calls: state.calls,
  };
  return (request) => answerAws(request, service);
}

function operationsOf(
  state: EcrState,
  deleteTag: (repository: string, tag: string) => Promise<boolean>,
): Readonly<Record<string, AwsOperation>> {
  return {
    GetAuthorizationToken: ({ registryIds = [state.account] }, caller) => {
      if (!Array.isArray(registryIds) || registryIds.some((id) => id !== state.account)) throw invalid("registryIds");
      const { password, expiresAt } = state.issuePassword(identityOf(state, caller));
      const authorizationToken = Buffer.from(`AWS:${password}`).toString("base64");
      return { authorizationData: [{ authorizationToken, expiresAt: expiresAt / 1000, proxyEndpoint: `https://${state.host}` }] };
    },
    CreateRepository: (input, caller) => {
      const name = nameIn(input);
      if (!identityOf(state, caller).mayCreate) throw denied(state, "ecr:CreateRepository", name);
      if (state.repositories.has(name))
        throw new AwsError(
          "RepositoryAlreadyExistsException",
          `The repository with name '${name}' already exists in the registry with id '${state.account}'`,
        );
      state.repositories.set(name, { immutable: input["imageTagMutability"] === "IMMUTABLE", wish: input });
      return { repository: described(state, name) };
    },
    DescribeRepositories: (input) => {
      const names = input["repositoryNames"];
      if (Array.isArray(names)) return { repositories: names.map((name) => described(state, known(state, String(name)))) };
      const size = Number(input["maxResults"] ?? pages.usual);
      if (size < 1 || size > pages.largest) throw invalid("maxResults");
      const start = Number(input["nextToken"] ?? 0);
      const all = [...state.repositories.keys()].toSorted();
      const next = start + size < all.length ? { nextToken: String(start + size) } : {};
      return { repositories: all.slice(start, start + size).map((name) => described(state, name)), ...next };
    },
    BatchDeleteImage: async (input) => {
      const name = known(state, nameIn(input));
      const images: unknown = input["imageIds"];
      const answer: { imageIds: unknown[]; failures: unknown[] } = { imageIds: [], failures: [] };
      for (const imageTag of Array.isArray(images) ? images.map(tagIn) : []) {
        if (await deleteTag(name, imageTag)) answer.imageIds.push({ imageTag });
        else answer.failures.push({ imageId: { imageTag }, failureCode: "ImageNotFound", failureReason: "Requested image not found" });
      }
      return answer;
    },
  };
}

function identityOf({ identities }: EcrState, { accessKeyId }: AwsCaller): EcrIdentity {
  return identities.get(accessKeyId) ?? { mayCreate: false, mayPush: false };
}

function nameIn(input: Input): string {
  const name = input["repositoryName"];
  if (typeof name !== "string" || name.length < 2 || name.length > 256 || !/^[a-z](?:[a-z0-9]|[._/-](?=[a-z0-9]))*$/.test(name))
    throw invalid("repositoryName");
  return name;
}

function tagIn(image: unknown): string {
  const tag: unknown = typeof image === "object" && image !== null && "imageTag" in image ? image.imageTag : undefined;
  if (typeof tag !== "string") throw invalid("imageIds");
  return tag;
}

function known({ repositories, account }: EcrState, name: string): string {
  if (repositories.has(name)) return name;
  throw new AwsError(
    "RepositoryNotFoundException",
    `The repository with name '${name}' does not exist in the registry with id '${account}'`,
  );
}

function described({ account, region, host, repositories }: EcrState, repositoryName: string): object {
  return {
    repositoryArn: `arn:aws:ecr:${region}:${account}:repository/${repositoryName}`,
    registryId: account,
    repositoryName,
    repositoryUri: `${host}/${repositoryName}`,
    imageTagMutability: repositories.get(repositoryName)?.immutable === true ? "IMMUTABLE" : "MUTABLE",
  };
}

function invalid(parameter: string): AwsError {
  return new AwsError("InvalidParameterException", `Invalid parameter at '${parameter}' failed to satisfy constraint`);
}

function denied({ region, account }: EcrState, action: string, name: string): AwsError {
  const resource = `arn:aws:ecr:${region}:${account}:repository/${name}`;
  return new AwsError("AccessDeniedException", `User is not authorized to perform: ${action} on resource: ${resource}`);
}
