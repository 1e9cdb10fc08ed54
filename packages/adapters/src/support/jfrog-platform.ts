import { type AdapterContext, ChartferryError, type Credential } from "@chartferry/core";

type Place = Pick<AdapterContext, "environment" | "registry" | "origin">;

/** `JF_URL`, where it speaks of this registry: the platform that it belongs to, else the registry's own host. */
export function platformUrl(context: Place): URL {
  return ownPlatform(context) ?? context.origin;
}

/** A variable of another platform is not for this host: `acme-charts.jfrog.io` may be somebody else's than `acme.jfrog.io`. */
function ownPlatform({ environment, registry }: Place): URL | undefined {
  const text = environment["JF_URL"] ?? "";
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text.endsWith("/") ? text : `${text}/`);
  const isPart = registry === url.host || registry.endsWith(`.${url.host}`);
  return isPart && /^https?:$/.test(url.protocol) ? url : undefined;
}

/**
 * What JFrog's own tools read: `JF_ACCESS_TOKEN`, or `JF_USER` and `JF_PASSWORD`, beside a `JF_URL` of this platform. `undefined` = nothing of it.
 * @throws credentials-unavailable where a token does not tell whose it is
 */
export function jfrogVariables(context: Place): Credential | undefined {
  if (ownPlatform(context) === undefined) return undefined;
  const [token = "", user = "", password = ""] = ["JF_ACCESS_TOKEN", "JF_USER", "JF_PASSWORD"].map((name) => context.environment[name]);
  if (token === "") {
    return user === "" || password === "" ? undefined : { kind: "basic", username: user, password, source: "JF_USER and JF_PASSWORD" };
  }
  const username = user === "" ? subjectOf(token) : user;
  if (username !== undefined) return { kind: "basic", username, password: token, source: "JF_ACCESS_TOKEN" };
  throw new ChartferryError("JF_ACCESS_TOKEN does not say whose token it is", {
    code: "credentials-unavailable",
    operation: "sign in",
    registry: context.registry,
    hint: "set JF_USER to the user that the reference token was made for",
  });
}

/** `jfac@…/users/<name>`, or the name alone, in the token's own claims. Source: JFrog's documentation of access tokens. */
function subjectOf(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    const subject: unknown = new Map(Object.entries(claims ?? {})).get("sub");
    const name = typeof subject === "string" ? subject.split("/").at(-1) : "";
    return name === "" ? undefined : name;
  } catch {
    return undefined;
  }
}
