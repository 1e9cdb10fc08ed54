import { failure } from "../world/answers.ts";
import type { Scope } from "../world/scopes.ts";
import { type TokenService, tokenService } from "../world/token-service.ts";
import { type GitlabState, projectOf } from "./gitlab-state.ts";

/** Sources: gitlabhq, `app/controllers/jwt_controller.rb`, `app/services/auth/container_registry_authentication_service.rb`. */
export function gitlabTokens(state: GitlabState): TokenService {
  return tokenService({
    realm: `https://${state.gitlabHost}/jwt/auth`,
    service: "container_registry",
    tokens: state.tokens,
    identify: ({ user, password }) => (state.accounts.get(user)?.password === password ? user : undefined),
    check: ({ query }, account) => (account === undefined && !query.has("scope") ? failure(403, "DENIED", "access forbidden") : undefined),
    // Which of two is lost is not verified.
    scopes: (sent) => sent.slice(0, 1),
    grant: (account, wish) => granted(state, { account, wish }),
    refused: () => failure(401, "UNAUTHORIZED", "HTTP Basic: Access denied."),
  });
}

/** The rules of tags go into the token: what is changed later holds for later tokens. */
function granted(state: GitlabState, { account = "", wish }: { account: string | undefined; wish: Scope }): Scope | undefined {
  const path = wish.type === "repository" ? projectOf(state, wish.name) : undefined;
  const project = path === undefined ? undefined : state.projects.get(path);
  if (path === undefined || project === undefined) return undefined;
  const isMember = state.accounts.get(account)?.projects.includes(path) ?? false;
  const allowed = isMember ? ["pull", "push", "delete", "*"] : project.isPublic ? ["pull"] : [];
  const meta = {
    project_path: path,
    tag_immutable_patterns: project.immutable,
    tag_deny_access_patterns: { push: project.protected, delete: project.protected },
  };
  return { ...wish, actions: wish.actions.filter((action) => allowed.includes(action)), meta };
}
