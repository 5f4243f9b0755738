import type { Fragment } from '../db/sql.ts';
import type { RequestMetadata } from '../request/request-metadata.ts';

/**
 * What a sign-in does once it is complete, in the batch that begins the session: behind a second step and the code of an app
 * as well, whose rows hold what it needs. A feature brings it in its manifest.
 */
export interface SignInCompletion {
  /** snake_case: how a row names it. */
  readonly name: string;
  /** Its steps by their names. They judge again what was true when the sign-in began. */
  readonly steps: Readonly<Record<string, CompletionStep>>;
}

/**
 * A step of a completion; null where there is nothing to do.
 * @param begun the session that this very transaction began: a sub-select with `user_id` and `session_id`
 * @param content what the feature gave when the sign-in began, through JSON
 */
type CompletionStep = (begun: Fragment, content: unknown, metadata: RequestMetadata) => Fragment | null;

/** A completion that a sign-in waits for, as rows hold it. */
export interface PendingCompletion {
  readonly name: string;
  readonly content: unknown;
}

/** The steps of a completion. */
export function completionSteps(
  completions: readonly SignInCompletion[],
  pending: PendingCompletion,
  begun: Fragment,
  metadata: RequestMetadata,
): Readonly<Record<string, Fragment | null>> {
  // A row of a version that had another one: the sign-in goes on without.
  const { steps = {} } = completions.find(({ name }) => name === pending.name) ?? {};
  return Object.fromEntries(
    Object.entries(steps).map(([name, step]) => [name, step(begun, pending.content, metadata)]),
  );
}
