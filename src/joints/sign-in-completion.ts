import type { Fragment } from '../db/sql.ts';
import type { RequestMetadata } from '../request/request-metadata.ts';

/**
 * What a sign-in does once it is complete, in the batch that begins the session: behind a second step and the code of an app
 * as well, whose rows hold what it needs. A feature brings it in its manifest.
 */
export interface SignInCompletion {
  /** snake_case: how a row names it. */
  readonly name: string;
  /**
   * The steps. They judge again what was true when the sign-in began.
   * @param begun the session that this very transaction began: a sub-select with `user_id` and `session_id`
   * @param content what the feature gave when the sign-in began, through JSON
   */
  readonly steps: (
    begun: Fragment,
    content: unknown,
    metadata: RequestMetadata,
  ) => Readonly<Record<string, Fragment>>;
}

/** A completion that a sign-in waits for, as rows hold it. */
export interface PendingCompletion {
  readonly name: string;
  readonly content: unknown;
}

/** The steps of a completion; none where nothing waits. */
export function completionSteps(
  completions: readonly SignInCompletion[],
  pending: PendingCompletion | null,
  begun: Fragment,
  metadata: RequestMetadata,
): Readonly<Record<string, Fragment>> {
  if (pending === null) return {};
  const completion = completions.find(({ name }) => name === pending.name);
  // A row of a version that had it: the sign-in goes on without.
  return completion?.steps(begun, pending.content, metadata) ?? {};
}
