import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import { type OwnedTable, tableSteps } from '../../../joints/owned-table.ts';
import { queueNotice } from '../../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { type VerifiedCaller, verifiedOwner } from '../../current-password/index.ts';
import { recordEvents, recordedNow } from '../../security-events/index.ts';
import { holdSession } from '../../sessions/index.ts';
import { deleteUser, lockUserForUpdate } from '../../users/index.ts';
import { deletionRecipients } from './deletion-recipients.sql.ts';

/**
 * Deletes the caller's account with everything that belongs to it. Round trips: 1. False when the password was changed,
 * or the session ended, since it was read; also true for a repeat after a lost response, once the account is deleted.
 *
 * The account is held first, so that a session that ended until then no longer counts. The steps of the tables come once
 * the user is gone and take what others stored in the meantime and no foreign key covers (PRV-03, PRV-04). Attempts
 * under the key of the address stay until their window ends, or deleting an account would give them back (PRV-08).
 */
export async function deleteAccount(
  db: Database,
  verified: VerifiedCaller,
  tables: readonly OwnedTable[],
  metadata: RequestMetadata,
): Promise<boolean> {
  const { userId } = verified;
  const recorded = recordedNow(userId, metadata.operationId);
  const gone = sql`(
    SELECT ${userId}::uuid AS user_id WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = ${userId}::uuid))`;
  const steps = {
    holdUser: lockUserForUpdate(userId),
    holdSession: holdSession(verified),
    record: recordEvents(verifiedOwner(verified), { type: 'user_deleted', outcome: 'success' }, metadata),
    tellOwner: queueNotice(deletionRecipients(recorded), 'account_deleted', 'recipient', metadata),
    deleteUser: deleteUser(recorded),
    ...tableSteps(tables, 'atDeletion', gone),
  };
  const answer = sql`SELECT g.user_id FROM ${gone} g`;
  const results = await db.batch('delete-account', { ...steps, answer }, { isIdempotent: true });
  return results.answer.length > 0;
}
