import type { CleanUpMeans } from '../../../clean-up/clean-up.ts';
import type { Keyring } from '../../../crypto/keyring.ts';
import type { Database } from '../../../db/client.ts';
import type { Deps } from '../../../deps.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { carryOutReset, findDueResets } from './operator-reset.sql.ts';

/** Carries out the reset of a user who signs in, if it is due. Round trips: 1. */
export async function endLapsedFactor(
  { db, loadRules, metadata, mail }: Deps,
  userId: string,
): Promise<void> {
  const { credentials } = await loadRules();
  await carryOutReset(db, userId, credentials, metadata);
  mail.sendSoon();
}

/**
 * Carries out up to `limit` resets that are due. Round trips: 1, and 1 for each.
 * @returns how many there were
 */
export async function endDueResets(
  db: Database,
  limit: number,
  _keyring: Keyring,
  { credentials }: CleanUpMeans,
): Promise<number> {
  const userIds = await findDueResets(db, limit);
  for (const userId of userIds) await carryOutReset(db, userId, credentials, nobodysRequest());
  return userIds.length;
}

/** What a record says of a change that no request caused. */
function nobodysRequest(): RequestMetadata {
  const [requestId, operationId] = [crypto.randomUUID(), crypto.randomUUID()];
  return { requestId, operationId, ipAddress: null, userAgent: null, location: null, locale: null };
}
