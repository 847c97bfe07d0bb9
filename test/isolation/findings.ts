/** What came of many attempts. */
export interface Findings {
  readonly attempts: number;
  /** `<what was tried>: <what the store did>` of each that was not refused. */
  readonly escapes: readonly string[];
}
