import type { Database } from '../../db/client.ts';
import { sql } from '../../db/sql.ts';
import type { RequestMetadata } from '../../request/request-metadata.ts';
import { type EventKind, recordEvents } from '../security-events/index.ts';

const wrongPassword: EventKind = {
  type: 'authn_login_fail',
  outcome: 'failure',
  method: 'password',
  reason: 'wrong_password',
};

/** Records a wrong password; `userId` is null for a pending registration. Round trips: 1. */
export async function recordWrongPassword(
  db: Database,
  userId: string | null,
  metadata: RequestMetadata,
): Promise<void> {
  const failed = sql`(SELECT ${userId}::uuid AS user_id, NULL::uuid AS session_id)`;
  await db.query('record-wrong-link-password', recordEvents(failed, wrongPassword, metadata));
}
