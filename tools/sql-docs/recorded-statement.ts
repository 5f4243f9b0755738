/** A query or batch as the service compiled it. */
export interface RecordedStatement {
  readonly name: string;
  /** The steps that ran, in their order; a query has one, without a name. */
  readonly steps: readonly RecordedStep[];
}

/** One statement of a batch, or the only one of a query. */
export interface RecordedStep {
  readonly step: string;
  readonly text: string;
}

/** What the test files of a run have told. */
export interface RunReport {
  /** The paths of these test files. */
  readonly files: readonly string[];
  /** Each once. */
  readonly statements: readonly RecordedStatement[];
}
