/** Something that keeps a deployment from working, or would. One line for a person. */
export interface Finding {
  /** Stable word: `account`, `bootstrap`, `stack`, `secret`, `quota`, `destroy`. */
  readonly check: string;
  readonly what: string;
  readonly why: string;
  readonly next: string;
}

export interface Preflight {
  readonly findings: readonly Finding[];
  /** What could not be looked at, and why; not counted as a finding. */
  readonly unchecked: readonly string[];
}
