import type { RegistryHandler } from "@chartferry/registry";

import { answerAws, AwsError, type AwsOperation } from "../ecr/aws-json.ts";
import type { EcrPublicState } from "./ecr-public-state.ts";

type Input = Readonly<Record<string, unknown>>;

/** `api.ecr-public.us-east-1.amazonaws.com`, and no other region. Source: AWS's model of ECR Public. `deleteTag`: whether it was there. */
export function ecrPublicControlPlane(
  state: EcrPublicState,
  deleteTag: (repository: string, tag: string) => Promise<boolean>,
): RegistryHandler {
  const service = {
    target: "SpencerFrontendService",
    service: "ecr-public",
    region: "us-east-1",
    accessKeyIds: new Set(state.identities.keys()),
    operations: operationsOf(state, deleteTag),
    calls: state.calls,
  };
  return (request) => answerAws(request, service);
}

function operationsOf(
  state: EcrPublicState,
  deleteTag: (repository: string, tag: string) => Promise<boolean>,
): Readonly<Record<string, AwsOperation>> {
  return {
    // One object, and no proxyEndpoint. Source: amazon-ecr-credential-helper, `client.go`.
    GetAuthorizationToken: (_input, { accessKeyId }) => {
      const password = state.passwords.issue(accessKeyId, []);
      const expiresAt = state.clock.now() / 1000 + state.passwords.life;
      return { authorizationData: { authorizationToken: Buffer.from(`AWS:${password}`).toString("base64"), expiresAt } };
    },
    DescribeRegistries: () => ({ registries: [registry(state)] }),
    CreateRepository: (input, { accessKeyId }) => {
      const name = nameIn(input);
      if (state.identities.get(accessKeyId)?.mayCreate !== true)
        throw new AwsError(
          "AccessDeniedException",
          `User is not authorized to perform: ecr-public:CreateRepository on resource: ${arn(state, name)}`,
        );
      if (state.repositories.has(name))
        throw new AwsError(
          "RepositoryAlreadyExistsException",
          `The repository with name '${name}' already exists in the registry with id '${state.account}'`,
        );
      state.repositories.set(name, input);
      return { repository: described(state, name) };
    },
    DescribeRepositories: (input) => {
      const size = Number(input["maxResults"] ?? 100);
      const start = Number(input["nextToken"] ?? 0);
      const all = [...state.repositories.keys()].toSorted();
      const next = start + size < all.length ? { nextToken: String(start + size) } : {};
      return { repositories: all.slice(start, start + size).map((name) => described(state, name)), ...next };
    },
    BatchDeleteImage: async (input) => {
      const name = nameIn(input);
      if (!state.repositories.has(name))
        throw new AwsError("RepositoryNotFoundException", `The repository with name '${name}' does not exist`);
      const images: unknown = input["imageIds"];
      const answer: { imageIds: object[]; failures: object[] } = { imageIds: [], failures: [] };
      for (const image of Array.isArray(images) ? images : []) {
        const imageTag = String(Object.getOwnPropertyDescriptor(image, "imageTag")?.value);
        if (await deleteTag(name, imageTag)) answer.imageIds.push({ imageTag });
        else answer.failures.push({ imageId: { imageTag }, failureCode: "ImageNotFound", failureReason: "Requested image not found" });
      }
      return answer;
    },
  };
}

function nameIn(input: Input): string {
  const name = input["repositoryName"];
  if (typeof name !== "string" || !/^[a-z0-9](?:[a-z0-9]|[._/-](?=[a-z0-9])){1,204}$/.test(name))
    throw new AwsError("InvalidParameterException", "Invalid parameter at 'repositoryName' failed to satisfy constraint");
  return name;
}

function registry({ account, aliases, host }: EcrPublicState): object {
  return {
    registryId: account,
    registryArn: `arn:aws:ecr-public::${account}:registry/${account}`,
    registryUri: `${host}/${aliases[0] ?? ""}`,
    verified: false,
    aliases: aliases.map((name, index) => ({
      name,
      status: "ACTIVE",
      primaryRegistryAlias: index === 0,
      defaultRegistryAlias: index === 0,
    })),
  };
}

function arn({ account }: EcrPublicState, name: string): string {
  return `arn:aws:ecr-public::${account}:repository/${name}`;
}

function described(state: EcrPublicState, repositoryName: string): object {
  const repositoryUri = `${state.host}/${state.aliases[0] ?? ""}/${repositoryName}`;
  return {
    repositoryArn: arn(state, repositoryName),
    registryId: state.account,
    repositoryName,
    repositoryUri,
    createdAt: state.clock.now() / 1000,
  };
}
