import { ChartferryError } from "../errors.ts";

/**
 * Whether a registry may send us to this token service: http or https only, never http for an https registry, no user name in it.
 * Addresses are judged where the connection is made. Source: oras-go 2.7.0. @throws redirect-refused
 */
export function checkRealm(realm: URL, origin: URL): void {
  if (realm.protocol !== "http:" && realm.protocol !== "https:") throw refused(realm, origin, "it is neither http nor https");
  if (origin.protocol === "https:" && realm.protocol === "http:") throw refused(realm, origin, "credentials would travel unencrypted");
  if (realm.username !== "" || realm.password !== "") throw refused(realm, origin, "its address holds a user name");
}

function refused(realm: URL, origin: URL, reason: string): ChartferryError {
  return new ChartferryError(`the registry asks us to sign in at ${realm.protocol}//${realm.host}: refused, ${reason}`, {
    code: "redirect-refused",
    operation: "sign in",
    registry: origin.host,
    hint: "let the registry announce the https address of its token service",
  });
}
