import { readFile, stat } from "node:fs/promises";

import { errnoOf } from "../errno.ts";
import { ChartferryError, isChartferryError } from "../errors.ts";
import { type NamedFile, pathOf } from "../named-file.ts";
import { type DockerConfig, parseDockerConfig } from "./docker-config.ts";

/** A file of thousands of logins is some hundred KiB. */
const fileLimit = 4 * 1024 * 1024;

/** Reads one credential file of Docker's form. @throws file-missing, credentials-unavailable */
export async function readCredentialFile(file: NamedFile): Promise<DockerConfig> {
  const text = typeof file === "string" ? await readCredentialText(file) : file.text;
  return parseDockerConfig(text, pathOf(file));
}

/** The same as it stands there. @throws file-missing, credentials-unavailable */
export async function readCredentialText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    // Nobody may ever write to it, and no signal would end the wait.
    if ((await stat(path)).isFIFO()) throw unreadable(path, "is a pipe");
    bytes = await readFile(path);
  } catch (cause) {
    if (isChartferryError(cause)) throw cause;
    const code = errnoOf(cause) ?? "unknown reason";
    if (code === "ENOENT" || code === "ENOTDIR") throw missing(path, cause);
    throw unreadable(path, `cannot be read (${code})`, cause);
  }
  if (bytes.byteLength > fileLimit) throw unreadable(path, "is larger than 4 MiB");
  return bytes.toString("utf8");
}

/** Whether a credential file that somebody named can be used, before anything depends on it. @throws file-missing, credentials-unavailable */
export async function checkCredentialFile(file: NamedFile): Promise<void> {
  await readCredentialFile(file);
}

function missing(path: string, cause: unknown): ChartferryError {
  return new ChartferryError(`the credential file ${path} does not exist`, {
    code: "file-missing",
    operation: "read credentials",
    hint: "check the path, or leave the option out: Helm's and Docker's own files are read then",
    cause,
  });
}

function unreadable(path: string, problem: string, cause?: unknown): ChartferryError {
  return new ChartferryError(`the credential file ${path} ${problem}`, {
    code: "credentials-unavailable",
    operation: "read credentials",
    hint: "check the path and the rights, or name another file with --registry-config",
    cause,
  });
}
