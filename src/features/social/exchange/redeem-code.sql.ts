import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { asksForSecondFactor } from '../../../joints/ask-gates.sql.ts';
import type { SecondFactor } from '../../../joints/second-factor.ts';
import type { PendingCompletion } from '../../../joints/sign-in-completion.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { knownDeviceId, type PresentedDevice } from '../../known-devices/index.ts';
import {
  consumedByUs,
  consumedNow,
  consumeToken,
  fromLiveToken,
  type LinkMail,
  type PresentedOneTimeToken,
} from '../../one-time-tokens/index.ts';
import {
  fromOpening,
  type OpeningRow,
  openingColumns,
  openingSteps,
  type SignedInRow,
  type SignInOpening,
  tellNewDevice,
} from '../../sign-in/index.ts';
import { lockUser } from '../../users/index.ts';

/** A code as an app presents it, with the challenge of its verifier. */
export interface PresentedCode {
  readonly token: PresentedOneTimeToken;
  readonly codeChallenge: string;
}

/** The account of a code. */
export interface CodeHolder {
  readonly user_id: string;
  /** As it is stored. */
  readonly email: string;
  /** The id of the provider. */
  readonly method: string;
  /** What the sign-in does once it is complete; null for nothing. */
  readonly completion: PendingCompletion | null;
  /** Whether a second factor must follow. */
  readonly is_challenge: boolean;
  readonly is_known_device: boolean;
  /** Whether the sign-in made the account, or proved its address: then nobody is told of a new device. */
  readonly is_new: boolean;
}

/**
 * Finds the account of a code, by the verifier that it is for. Round trips: 1. Null when it cannot be redeemed: expired,
 * redeemed, of another verifier, or of an account that is banned, gone or at another address by now.
 */
export async function findCodeHolder(
  db: Database,
  presented: PresentedCode,
  device: PresentedDevice,
  secondFactors: readonly SecondFactor[],
): Promise<CodeHolder | null> {
  const [row] = await db.query<CodeHolder>(
    'find-code-holder',
    sql`
      SELECT h.user_id, h.email, h.method, h.completion, h.is_challenge, h.is_new, ${knownDeviceId(sql`h`, device)} IS NOT NULL AS is_known_device
      FROM (
        SELECT u.id AS user_id, u.email, u.device_generation, t.challenge->>'method' AS method,
          t.challenge->'completion' AS completion,
          coalesce(t.created_at IN (u.created_at, u.email_verified_at), false) AS is_new,
          ${asksForSecondFactor(secondFactors, sql`u`)} AS is_challenge
        ${fromCode(presented)}
      ) h`,
    { isIdempotent: true },
  );
  return row ?? null;
}

/** A code that is redeemed. */
export interface Redemption {
  readonly presented: PresentedCode;
  readonly holder: CodeHolder;
  readonly opening: SignInOpening;
  /** For a device that the account does not know. */
  readonly newDeviceMail: LinkMail | null;
}

/**
 * Redeems a code, and begins the session or issues the challenge. Round trips: 1. Null when another request was faster, or
 * the account has turned its second factor on or off since it was read.
 */
export async function redeemCode(
  db: Database,
  { presented, holder, opening, newDeviceMail }: Redemption,
  metadata: RequestMetadata,
): Promise<SignedInRow | OpeningRow | null> {
  const { user_id: userId, is_challenge: isChallenge } = holder;
  const { token } = presented;
  const { operationId } = metadata;
  const owner = sql`SELECT c.user_id FROM ${consumedNow(token, operationId)} c`;
  const { answer } = await db.batch(
    'redeem-oauth-code',
    {
      holdUser: lockUser(userId),
      consume: consumeToken(sql`(SELECT u.id AS user_id ${fromCode(presented)})`, token, operationId),
      ...openingSteps(owner, { isChallenge, bucket: null }, opening, metadata),
      ...(newDeviceMail !== null && tellNewDevice(newDeviceMail, opening, metadata, { isUserHeld: true })),
      answer: sql<SignedInRow | OpeningRow>`
        SELECT ${openingColumns(opening)} ${fromOpening(opening)}
        WHERE u.id = (SELECT c.user_id FROM ${consumedByUs(token, operationId)} c)`,
    },
    { isIdempotent: true },
  );
  return answer[0] ?? null;
}

/** FROM and WHERE for a code that can be redeemed, alias `t`, with its user `u`. */
function fromCode({ token, codeChallenge }: PresentedCode): Fragment {
  return sql`FROM (SELECT t.* ${fromLiveToken(token)}) t JOIN users u ON u.id = t.owner_id AND u.email = t.email
        WHERE u.banned_at IS NULL AND t.challenge->>'codeChallenge' = ${codeChallenge}`;
}
