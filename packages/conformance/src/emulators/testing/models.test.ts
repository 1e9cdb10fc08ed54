import { expect, it } from "vitest";

import ecrModel from "../ecr/ecr-2015-09-21.model.json" with { type: "json" };
import garModel from "../gar/artifactregistry-v1.model.json" with { type: "json" };
import { type AwsModel, awsProblems } from "./aws-model.ts";
import { type DiscoveryModel, discoveryProblems } from "./discovery-model.ts";

const aws: AwsModel = ecrModel;
const google: DiscoveryModel = garModel;

it.each([
  ["a name that does not fit", { repositoryName: "Web" }, /does not fit/],
  ["a name that is missing", {}, /lacks repositoryName/],
  ["a value that is none of the list", { repositoryName: "web", imageTagMutability: "FIXED" }, /none of/],
  ["a member that is not known", { repositoryName: "web", mutable: true }, /unknown member mutable/],
  ["a text for a flag", { repositoryName: "web", imageScanningConfiguration: { scanOnPush: "yes" } }, /neither true nor false/],
])("AWS's model finds %s", (_title, input, problem) => {
  const found = awsProblems(aws, { operation: "CreateRepository", input, status: 200, output: { repository: {} } });
  expect(found).toEqual([expect.stringMatching(problem)]);
});

it("AWS's model finds an answer of another form", () => {
  const call = { operation: "CreateRepository", input: { repositoryName: "web" }, status: 200, output: { repository: [] } };
  expect(awsProblems(aws, call)).toEqual([expect.stringContaining("is no object")]);
});

it("AWS's model finds an error that an operation does not have, and an operation that is not there", () => {
  const call = {
    operation: "CreateRepository",
    input: { repositoryName: "web" },
    status: 400,
    output: { __type: "RepositoryNotFoundException" },
  };
  expect(awsProblems(aws, call)).toEqual([expect.stringContaining("an error that it does not have")]);
  expect(awsProblems(aws, { ...call, operation: "MakeRepository" })).toEqual([expect.stringContaining("no such operation")]);
});

it.each([
  ["a member that only the service writes", { format: "DOCKER", createTime: "2024-01-01T00:00:00Z" }, /written by the service alone/],
  ["a format that is not known", { format: "CHARTS" }, /none of/],
  ["a setting that is not known", { format: "DOCKER", dockerConfig: { immutable: true } }, /unknown member immutable/],
  ["a text for a flag", { format: "DOCKER", dockerConfig: { immutableTags: "yes" } }, /neither true nor false/],
])("Google's model finds %s", (_title, sent, problem) => {
  const path = "/v1/projects/p/locations/europe-west1/repositories";
  const query = new URLSearchParams({ repositoryId: "charts" });
  const call = { method: "POST", path, query, sent: JSON.stringify(sent), status: 200, headers: {}, answered: '{"name":"x"}' };
  expect(discoveryProblems(google, call)).toEqual([expect.stringMatching(problem)]);
  const unknown = { ...call, sent: '{"format":"DOCKER"}', query: new URLSearchParams({ name: "charts" }) };
  expect(discoveryProblems(google, unknown)).toEqual([expect.stringMatching(/unknown parameter name/)]);
});
