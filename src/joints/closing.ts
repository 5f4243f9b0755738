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
 * Why an account is being recovered: from then on nobody who is in it passes a gate, until a reset by mail is completed
 * (LNK-15; ids such as this one lead to docs/security.md).
 */
export type RecoveryCause = 'not_me' | 'email_reverted' | 'second_factor_guessed';

/** How a recovery begins and ends. */
interface Recovery {
  /** The occasion whose closing begins it. */
  readonly begunBy: Occasion;
  /**
   * Whether guesses began it, and not the owner. It leaves the cause of one that the owner began, a second step that cannot
   * have been guessed ends it as well, and the reset that ends it closes what any reset does.
   */
  readonly isByGuesses: boolean;
}

/** Every cause, decided: a new one does not compile without. */
export const recoveries: Readonly<Record<RecoveryCause, Recovery>> = {
  not_me: { begunBy: 'not_me', isByGuesses: false },
  email_reverted: { begunBy: 'email_reverted', isByGuesses: false },
  second_factor_guessed: { begunBy: 'second_factor_guessed', isByGuesses: true },
};

const causes = Object.keys(recoveries) as RecoveryCause[];

/** The causes that guesses are, and not the owner. */
export const guessedCauses: readonly RecoveryCause[] = causes.filter(
  (cause) => recoveries[cause].isByGuesses,
);

/** The recovery that an occasion begins; undefined for none. */
export function recoveryBegunBy(occasion: Occasion): RecoveryCause | undefined {
  return causes.find((cause) => recoveries[cause].begunBy === occasion);
}

/** What a reset is that ends the recovery of this cause; null is no recovery. */
export function occasionOfReset(cause: RecoveryCause | null): 'recovery_completed' | 'password_reset' {
  return cause === null || recoveries[cause].isByGuesses ? 'password_reset' : 'recovery_completed';
}

/**
 * What an occasion does to a kind of credential: `kept`; `ended`; `others` ends all but the one that acts; `since` ends
 * what was added since the disowned sign-in or the undone change; `elsewhere` what stands for another address than the
 * account's; `disowned` both of these, and what the disowned sign-in came by; `past` what went to the account's present
 * address; `missed` what wrong codes came by; `replaced` says that the flow itself sets a new one;
 * `chosen` that the caller says which.
 */
export type Cell =
  | 'kept'
  | 'ended'
  | 'others'
  | 'since'
  | 'elsewhere'
  | 'disowned'
  | 'past'
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
  /** The same for links, which end by when they were issued alone: `since`, where it is left out. */
  readonly issuedSince?: Fragment;
  /** The account's address, as it is stored: its Worker knows the other spellings. Needed by `elsewhere` and `disowned`. */
  readonly email?: string;
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
const endingCells = [
  'ended',
  'others',
  'since',
  'elsewhere',
  'disowned',
  'past',
  'missed',
] as const satisfies Cell[];

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
    if (ending.elsewhere.length + ending.disowned.length > 0 && scope.email === undefined)
      throw new TypeError(`${scope.occasion} needs the address`);
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
    ...{ elsewhere: of('elsewhere'), disowned: of('disowned'), past: of('past'), missed: of('missed') },
  };
}
