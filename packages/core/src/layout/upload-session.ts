import type { Hash } from "node:crypto";

/** One unfinished upload. Its bytes lie in the scratch folder under its id, from the first byte on. */
export interface UploadSession {
  readonly id: string;
  readonly repository: string;
  /** Bytes received and kept. */
  size: number;
  algorithm: string;
  /** Undefined after a restart or a change of algorithm: then the bytes are read again when it is needed. */
  hash: Hash | undefined;
  /** Clock time of the last byte. */
  touchedAt: number;
  busy: boolean;
  /** Whether the scratch folder may hold files of it; one that was never written to costs no removal. */
  hasFiles: boolean;
}
