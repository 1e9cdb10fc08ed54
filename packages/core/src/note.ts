/** A remark for plan and report: `code` is stable, `text` a sentence. */
export interface Note {
  readonly code: string;
  readonly text: string;
  /** The next thing to try, where there is one. */
  readonly hint?: string;
}
