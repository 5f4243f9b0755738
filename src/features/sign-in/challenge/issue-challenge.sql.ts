import { type Fragment, sql } from '../../../db/sql.ts';
import { clearAttempts } from '../../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { endOldest, fromLiveToken, issueToken } from '../../one-time-tokens/index.ts';
import { recordEvents } from '../../security-events/index.ts';
import { verdict } from '../../sessions/index.ts';
import type { SignInOpening } from '../sign-in.ts';
import type { FirstStep, PresentedChallenge } from './challenge.ts';

/** The most open challenges of an account: a further one ends the oldest (SES-20). */
const challengesMax = 100;

/**
 * A statement that issues the challenge of an opening to the user of `owner`, a sub-select with `user_id`, if a second
 * factor must follow, records that and gives the attempts of the first step back, if it counted any: its proof was right.
 * Hold the user first. A repeat issues nothing.
 */
export function issueChallenge(
  owner: Fragment,
  opening: SignInOpening,
  bucket: string | null,
  metadata: RequestMetadata,
): Fragment {
  const { challenge, transport, proof, completion } = opening;
  const firstStep: FirstStep = {
    ...{ method: proof.method, amr: proof.amr, transport: transport ?? null },
    ...(completion !== null && { completion: completion.pending }),
  };
  return sql`
    WITH asked AS (
      SELECT u.id AS user_id, u.email FROM (${owner}) o JOIN users u ON u.id = o.user_id
      WHERE ${verdict(opening)} = 'challenge'
    ),
    ended AS (${endOldest(sql`asked`, challenge.kind, challengesMax)}),
    issued AS (${issueToken(sql`asked`, challenge, {
      ...{ owner: sql`s.user_id`, email: sql`s.email` },
      challenge: sql`${JSON.stringify(firstStep)}::jsonb`,
    })}),
    cleared AS (${bucket === null ? sql`SELECT 1` : clearAttempts(bucket, sql`issued`)})
    ${recordEvents(
      sql`(SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i)`,
      { type: 'authn_token_created', outcome: 'success', reason: 'two_factor_challenge' },
      metadata,
    )}`;
}

/**
 * FROM and WHERE for a challenge that is still open, alias `t`, with its user `u`. No row for one who is banned or at
 * another address by now, and for the token alone of a challenge that is bound to its cookie (OTP-09).
 */
export function fromOpenChallenge(presented: PresentedChallenge): Fragment {
  return sql`FROM (SELECT t.* ${fromLiveToken(presented)}) t JOIN users u ON u.id = t.owner_id AND u.email = t.email
    WHERE u.banned_at IS NULL AND (${presented.isByCookie}::boolean OR t.challenge->>'transport' IS DISTINCT FROM 'cookie')`;
}
