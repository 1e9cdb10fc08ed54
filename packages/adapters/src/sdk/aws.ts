import { type AdapterContext, ChartferryError, type Credential, type ErrorCode } from "@chartferry/core";

/** Variables by which a user says that AWS is to be used; without one of them credential files go first. */
const spoken = [
  "AWS_ACCESS_KEY_ID",
  "AWS_PROFILE",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

export const awsSource = "the AWS credential chain";

/** Whether the environment names credentials of AWS, so that they go before what a credential file holds. */
export function speaksOfAws({ environment }: Pick<AdapterContext, "environment">): boolean {
  return spoken.some((name) => (environment[name] ?? "") !== "");
}

interface AuthorizationData {
  readonly authorizationToken?: string | undefined;
  readonly expiresAt?: Date | undefined;
}

/** A token for the registry from what GetAuthorizationToken answers; renewed when half of its life is over. @throws protocol-violation */
export function tokenCredential(
  data: AuthorizationData | undefined,
  { clock, registry }: Pick<AdapterContext, "clock" | "registry">,
): Credential {
  const pair = Buffer.from(data?.authorizationToken ?? "", "base64").toString("utf8");
  const colon = pair.indexOf(":");
  if (colon < 1) {
    throw new ChartferryError("AWS answered without an authorization token", {
      code: "protocol-violation",
      operation: "sign in",
      registry,
    });
  }
  const life = Math.max(0, (data?.expiresAt?.getTime() ?? 0) - clock.now());
  return {
    kind: "basic",
    username: pair.slice(0, colon),
    password: pair.slice(colon + 1),
    source: awsSource,
    // A clock that is behind, or a test server's fixed date, must not have us ask for every request.
    ...(life === 0 ? {} : { expiresAt: clock.now() + life / 2 }),
  };
}

/** No source of the chain is configured at all, as opposed to one that is and fails. */
export function hasNoAwsCredentials(error: unknown): boolean {
  return nameOf(error) === "CredentialsProviderError" && !(error instanceof Error && "tryNextLink" in error && error.tryNextLink === false);
}

const codes: Readonly<Record<string, ErrorCode>> = {
  AccessDeniedException: "denied",
  AccessDenied: "denied",
  UnauthorizedOperation: "denied",
  UnrecognizedClientException: "credentials-unavailable",
  InvalidClientTokenId: "credentials-unavailable",
  InvalidSignatureException: "credentials-unavailable",
  ExpiredTokenException: "credentials-expired",
  ExpiredToken: "credentials-expired",
  RepositoryNotFoundException: "repository-missing",
  RegistryNotFoundException: "namespace-missing",
  LimitExceededException: "quota-exceeded",
  InvalidParameterException: "name-invalid",
  ThrottlingException: "rate-limited",
  TooManyRequestsException: "rate-limited",
  ServerException: "unavailable",
};

/** What AWS, or the chain before it, says of a call that failed. */
export function awsFailure(
  error: unknown,
  place: { readonly operation: string; readonly registry: string; readonly repository?: string },
): unknown {
  if (error instanceof ChartferryError || !(error instanceof Error)) return error;
  const name = nameOf(error);
  const code = codes[name] ?? (name.endsWith("ProviderError") ? "credentials-unavailable" : "protocol-violation");
  return new ChartferryError(`${place.operation}: AWS says ${name}: ${error.message.slice(0, 500)}`, {
    ...place,
    code,
    retryable: code === "rate-limited" || code === "unavailable",
    hint: hints[code],
    cause: error,
  });
}

const hints: Readonly<Partial<Record<ErrorCode, string>>> = {
  denied: "grant this action to the identity that runs chartferry, or run as one that has it",
  "credentials-unavailable": "check the AWS profile, variables or role (aws sts get-caller-identity tells who they name)",
  "credentials-expired": "sign in at AWS again (aws sso login, or new session variables)",
  "quota-exceeded": "ask AWS for a higher quota of repositories",
};

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}
