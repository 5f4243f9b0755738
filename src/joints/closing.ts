import type { Fragment } from '../db/sql.ts';
import type { RequestMetadata } from '../request/request-metadata.ts';

/** When ways into an account are closed. */
export const occasions = [
  /** A reset link was used: whoever did it reads the mailbox. */
  'password_reset',
  /** A reset link was used that ends what `not_me` or `email_reverted` began. */
  'recovery_completed',
  /** The owner disowned a sign-in. */
  'not_me',
  /** The account has a former address back. */
  'email_reverted',
  /** A pending registration took over an account whose address nobody had verified. */
  'taken_over',
  /** The address was verified for the first time. */
  'first_verified',
  /** A change of the address was confirmed. */
  'email_changed',
  'password_changed',
  /** The owner ended sessions: one, all others or all. */
  'signed_out_by_owner',
  'signed_out_by_operator',
  /** An earlier refresh token came back. */
  'token_reused',
  'two_factor_enabled',
  'two_factor_disabled',
  /** The operator's reset of a second factor became effective. */
  'two_factor_reset',
  /** Somebody who knew the password entered too many wrong codes for the second step. */
  'second_factor_guessed',
  'identity_unlinked',
  'banned',
  'account_deleted',
] as const;

export type Occasion = (typeof occasions)[number];

/**
 * The occasions that begin a recovery: from then on nobody who is in the account passes a gate, until a reset by mail is
 * completed (LNK-15).
 */
export const recoveryCauses = [
  'not_me',
  'email_reverted',
  'second_factor_guessed',
] as const satisfies Occasion[];

export type RecoveryCause = (typeof recoveryCauses)[number];

/**
 * What an occasion does to a kind of credential: `kept`; `ended`; `others` ends all but the one that acts; `since` ends
 * what was added since the disowned sign-in or the undone change; `elsewhere` what stands for another address than the
 * account's; `disowned` both of these, and what the disowned sign-in came by; `missed` what wrong codes came by; `replaced`
 * says that the flow itself sets a new one; `chosen` that the caller says which.
 */
export type Cell =
  | 'kept'
  | 'ended'
  | 'others'
  | 'since'
  | 'elsewhere'
  | 'disowned'
  | 'missed'
  | 'replaced'
  | 'chosen';

/** Every occasion, decided: a new one does not compile until each kind of credential has an answer. */
export type Cells = Readonly<Record<Occasion, Cell>>;

/** Whose credentials end, and which are meant by `others` and `since`. */
export interface ClosingScope {
  readonly occasion: Occasion;
  /** A sub-select with `user_id`, which a repeat of the batch finds as well. */
  readonly owner: Fragment;
  /** `owner` for what must happen once: empty in a repeat. */
  readonly ownerOnce: Fragment;
  /** The session that goes on, or null. */
  readonly actingSessionId: string | null;
  /** A timestamptz expression; null where no cell of the occasion is `since` or `disowned`. */
  readonly since: Fragment | null;
  /** The way of the disowned sign-in, as in `sessions.method`: a text expression. Absent where there is none. */
  readonly disownedMethod?: Fragment;
  /** The links that the batch itself issues, as SHA-256 in hexadecimal: a repeat leaves them. */
  readonly ownLinks?: readonly string[];
  readonly metadata: RequestMetadata;
}

/** Kinds of credential that one statement closes, and what each occasion does to them. One per table, or few. */
export interface Credentials<Kind extends string = string> {
  /** The name of its step in a batch. */
  readonly step: string;
  readonly cells: Readonly<Record<Kind, Cells>>;
  /**
   * A statement that ends the given kinds, which are those of whose cells `Ending` has a list: one at least.
   * Lock the user before it.
   */
  close(ending: Ending<Kind>, scope: ClosingScope): Fragment;
}

/** The kinds to end, by how much of them ends. */
export type Ending<Kind extends string = string> = Readonly<
  Record<(typeof endingCells)[number], readonly Kind[]>
>;

/** The cells that end something by a statement of the table. */
const endingCells = ['ended', 'others', 'since', 'elsewhere', 'disowned', 'missed'] as const satisfies Cell[];

/**
 * The steps of a batch that close ways into an account: one per group of credentials of which the occasion ends any.
 * They are the same whenever they run, so that a repeat ends what was added in between as well.
 */
export function closeWaysIn(
  credentials: readonly Credentials[],
  scope: ClosingScope,
): Readonly<Record<string, Fragment>> {
  const steps: Record<string, Fragment> = {};
  for (const group of credentials) {
    const ending = endingOf(group, scope.occasion);
    if (Object.values(ending).every((kinds) => kinds.length === 0)) continue;
    if (ending.since.length + ending.disowned.length > 0 && scope.since === null)
      throw new TypeError(`${scope.occasion} needs a time`);
    steps[group.step] = group.close(ending, scope);
  }
  return steps;
}

/** The kinds of a group that an occasion ends. */
export function endingOf<Kind extends string>(
  { cells }: Credentials<Kind>,
  occasion: Occasion,
): Ending<Kind> {
  const kinds = Object.keys(cells) as Kind[];
  const of = (cell: Cell) => kinds.filter((kind) => cells[kind][occasion] === cell);
  return {
    ...{ ended: of('ended'), others: of('others'), since: of('since') },
    ...{ elsewhere: of('elsewhere'), disowned: of('disowned'), missed: of('missed') },
  };
}
