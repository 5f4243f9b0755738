import type { Fragment } from '../db/sql.ts';
import type { LinkMailKind } from '../mail/mail-kind.ts';
import type { MailDetails } from '../mail/mailer.ts';
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
  /** The mail with a not-me link that tells the owner of it. */
  readonly told: CompletionMail;
}

interface CompletionMail {
  readonly kind: Extract<LinkMailKind, 'identity_linked'>;
  readonly details: (content: unknown) => MailDetails;
  /** Whom it concerns, where the steps did something: a sub-select with `user_id`. */
  readonly concerned: (content: unknown) => Fragment;
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
  { steps }: SignInCompletion,
  content: unknown,
  begun: Fragment,
  metadata: RequestMetadata,
): Readonly<Record<string, Fragment | null>> {
  return Object.fromEntries(
    Object.entries(steps).map(([name, step]) => [name, step(begun, content, metadata)]),
  );
}
