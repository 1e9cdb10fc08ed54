/** A remark for plan and report: `code` is stable, `text` a sentence. */
export interface Note {
  readonly code: string;
  readonly text: string;
}
