/** One step of the management database's schema. Once released it is never edited: a later one changes what it made. */
export interface Migration {
  /** `<yyyymmddhhmmss>-<verb>-<object>`, as its file; the order of names is the order of steps. */
  readonly name: string;
  /** SQL, one statement each, in one transaction; so nothing that refuses to be in one, as CREATE INDEX CONCURRENTLY does. */
  readonly statements: readonly string[];
}
