import type { Database } from '../../../db/client.ts';
import { deletesDue } from '../../../db/delete-due.sql.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { passesGates, refusedBy } from '../../../joints/ask-gates.sql.ts';
import { type Credentials, closeWaysIn } from '../../../joints/closing.ts';
import type { GatedRow, GateRules } from '../../../joints/gate.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { type LinkMail, mailNotMeLink } from '../../one-time-tokens/index.ts';
import { endedNow, recordEvents } from '../../security-events/index.ts';
import {
  type CallerIds,
  fromLiveSession,
  holdSession,
  type RenewedSessionRow,
  renewedBefore,
  renewedNow,
  renewSession,
  type SessionRenewal,
} from '../../sessions/index.ts';
import { lockUser, startTwoFactor } from '../../users/index.ts';
import { storeBackupCodes } from '../backup-codes/store-backup-codes.sql.ts';
import {
  type CheckCounter,
  checkBucket,
  countedDevice,
  otherSessions,
  settleSecondFactor,
} from '../check/check.sql.ts';

/** How long a setup waits for its first code. */
export const setupSeconds = 3600;

/** Deletes setups of which the first code never came. */
export const cleanupSetups = deletesDue('clean-up-two-factor-setups', {
  table: 'factors',
  at: 'created_at',
  until: sql`now() - make_interval(secs => ${setupSeconds}::int)`,
  where: sql`d.added_at IS NULL`,
});

/** A secret that is not confirmed yet. */
export interface NewTotp {
  /** UUID. */
  readonly id: string;
  readonly secretSealed: string;
}

/** What is shown of an authenticator while there is one per account. */
const totpName = 'Authenticator app';

export interface SetupRow extends GatedRow {
  readonly email: string;
  /** Whether the address still has to be verified: then nothing was stored. */
  readonly is_unverified: boolean;
}

/**
 * Stores a new secret of the caller, in the place of an earlier one that was not confirmed: what is turned on stays as it
 * is (OTP-06). Round trips: 1. Null when the session is not live.
 * @param isVerificationAsked whether the address must have been verified
 */
export async function startSetup(
  db: Database,
  caller: CallerIds,
  { id, secretSealed }: NewTotp,
  {
    gateRules,
    isVerificationAsked,
  }: { readonly gateRules: GateRules; readonly isVerificationAsked: boolean },
): Promise<SetupRow | null> {
  const isUnverified = sql`(${isVerificationAsked}::boolean AND u.email_verified_at IS NULL)`;
  const admitted = sql`(SELECT s.user_id ${fromLiveSession(caller)} AND ${passesGates(gateRules)} AND NOT ${isUnverified})`;
  const steps = {
    holdUser: lockUser(caller.userId),
    judge: sql<SetupRow>`
      SELECT u.email, ${isUnverified} AS is_unverified, ${refusedBy(gateRules)} AS refused_by ${fromLiveSession(caller)}`,
    dropEarlier: sql`
      DELETE FROM factors f USING ${admitted} a
      WHERE f.user_id = a.user_id AND f.added_at IS NULL AND f.id <> ${id}::uuid`,
    store: sql`
      INSERT INTO factors (id, user_id, kind, name, secret_sealed)
      SELECT ${id}::uuid, a.user_id, 'totp', ${totpName}, ${secretSealed} FROM ${admitted} a
      ON CONFLICT (id) DO NOTHING`,
  };
  const { judge } = await db.batch('start-two-factor-setup', steps, { isIdempotent: true });
  return judge[0] ?? null;
}

export interface UnfinishedSetup extends GatedRow {
  /** Null when no setup was started within the last hour. */
  readonly id: string | null;
  readonly secret: string | null;
  /** The device that the session was opened on: UUID. */
  readonly device_id: string;
  /** Where its checks are counted. */
  readonly bucket: string;
  readonly counted_device_id: string;
  readonly email: string;
}

/** Finds the caller's secret that waits for its first code. Round trips: 1. Null when the session is not live. */
export async function findSetup(
  db: Database,
  caller: CallerIds,
  gateRules: GateRules,
): Promise<UnfinishedSetup | null> {
  const deviceId = sql`coalesce(s.device_id, s.id)`;
  const statement = sql<UnfinishedSetup>`
    SELECT c.*, ${checkBucket(sql`c.user_id`, sql`c.counted_device_id`)} AS bucket, f.id, f.secret_sealed AS secret
    FROM (
      SELECT s.user_id, u.email::text AS email, ${deviceId} AS device_id, ${countedDevice(sql`s.user_id`, deviceId, otherSessions)} AS counted_device_id,
        ${refusedBy(gateRules)} AS refused_by ${fromLiveSession(caller)}
    ) c
    LEFT JOIN factors f ON f.user_id = c.user_id AND ${isOpenSetup(sql`f`)}`;
  const [row] = await db.query('find-two-factor-setup', statement, { isIdempotent: true });
  return row ?? null;
}

function isOpenSetup(f: Fragment): Fragment {
  return sql`${f}.added_at IS NULL AND ${f}.created_at > now() - make_interval(secs => ${setupSeconds}::int)`;
}

/** A setup whose first code was right. */
export interface Enabling {
  readonly caller: CallerIds;
  readonly factorId: string;
  /** The time step of that code. */
  readonly step: number;
  readonly codeHashes: readonly string[];
  readonly renewal: SessionRenewal;
  readonly counter: CheckCounter;
  /** That it was turned on. */
  readonly notice: LinkMail;
}

/**
 * Turns two-factor on by the secret that was set up, with new backup codes, and gives the session its new id: it has passed
 * the second factor. An authenticator that was turned on before is replaced, and the new one counts as held since then.
 * Round trips: 1. Null when the session ended,
 * or the setup was replaced or finished, since it was read. A repeat after a lost response finds what the first run did.
 */
export async function enableTwoFactor(
  db: Database,
  { caller, factorId, step, codeHashes, renewal, counter, notice }: Enabling,
  { gateRules, credentials }: { readonly gateRules: GateRules; readonly credentials: readonly Credentials[] },
  metadata: RequestMetadata,
): Promise<RenewedSessionRow | null> {
  const once = renewedNow(renewal);
  const admitted = sql`(
    SELECT s.user_id ${fromLiveSession(caller)} AND ${passesGates(gateRules)}
      AND EXISTS (SELECT FROM factors f WHERE f.id = ${factorId}::uuid AND f.user_id = s.user_id AND ${isOpenSetup(sql`f`)}))`;
  const owner = sql`(
    SELECT f.user_id FROM factors f
    WHERE f.id = ${factorId}::uuid AND f.user_id = ${caller.userId}::uuid AND f.last_used_by = ${metadata.operationId}::uuid)`;
  const steps = {
    holdUser: lockUser(caller.userId),
    holdSession: holdSession(caller),
    renew: renewSession(admitted, renewal),
    start: sql`
      WITH replaced AS (
        DELETE FROM factors f USING ${once} o WHERE f.user_id = o.user_id AND f.id <> ${factorId}::uuid
      ),
      confirmed AS (
        UPDATE factors f SET added_at = now(), last_step = ${step}::bigint, last_used_at = now(),
          last_used_by = ${metadata.operationId}::uuid,
          held_since = coalesce((SELECT min(x.held_since) FROM factors x WHERE x.user_id = o.user_id), now())
        FROM ${once} o WHERE f.id = ${factorId}::uuid AND f.user_id = o.user_id
      ),
      forgiven AS (
        -- What was missed at an earlier authenticator says nothing about this one.
        UPDATE second_factor_devices d SET misses = 0 FROM ${once} o WHERE d.user_id = o.user_id
      )
      ${startTwoFactor(once)}`,
    storeCodes: storeBackupCodes(once, codeHashes),
    ...closeWaysIn(credentials, {
      ...{ occasion: 'two_factor_enabled', owner, ownerOnce: once },
      ...{ actingSessionId: renewal.newId, since: null, metadata },
    }),
    settle: settleSecondFactor(once, counter, { kind: 'totp' }),
    record: recordEvents(
      once,
      { type: 'user_updated', outcome: 'success', method: 'totp', reason: 'two_factor_enabled' },
      metadata,
    ),
    tellOwner: mailNotMeLink(once, notice, 'recipient', metadata, { ended: endedNow(metadata) }),
    answer: renewedBefore(caller.userId, renewal),
  };
  const { answer } = await db.batch('enable-two-factor', steps, { isIdempotent: true });
  return answer[0] ?? null;
}
