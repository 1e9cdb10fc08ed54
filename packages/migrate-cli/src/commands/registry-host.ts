import { printable } from "@chartferry/core";

import { usage } from "./read-password.ts";

/** The host (and port) that somebody wrote, lower case; `oci://` before it and a slash behind it do no harm. @throws usage */
export function registryHost(text: string): string {
  const host = text.replace(/^oci:\/\//i, "").replace(/\/$/, "");
  const isHost = /^[a-z0-9.\-[\]:]+$/i.test(host) && URL.canParse(`https://${host}`) && new URL(`https://${host}`).pathname === "/";
  if (isHost) return host.toLowerCase();
  throw usage(`${printable(text, 200)} names no registry`, "name its host, as in registry.example.com:5000, without scheme and path");
}
