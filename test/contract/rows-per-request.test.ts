import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { freshClient, freshEmail } from '../support/accounts.ts';
import { TestClient } from '../support/client.ts';
import { freshDatabase, openDatabase } from '../support/database.ts';
import { insertAccount } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { databaseProblemRoutes, exampleCall } from './route-table.ts';

/** What one request adds at most to a table that the clean-up deals with. docs/operations.md reckons with it. */
const rowsMax = 3;

let database: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

async function countRows(): Promise<Record<string, number>> {
  const [row] = await openDatabase(database.url).query<Record<string, number>>(sql`
    SELECT (SELECT count(*)::int FROM sessions) AS sessions,
      (SELECT count(*)::int FROM former_session_ids) AS former_session_ids,
      (SELECT count(*)::int FROM login_attempts) AS login_attempts,
      (SELECT count(*)::int FROM one_time_tokens) AS one_time_tokens,
      (SELECT count(*)::int FROM registration_attempts) AS registration_attempts,
      (SELECT count(*)::int FROM security_events) AS security_events,
      (SELECT count(*)::int FROM mail_outbox) AS mail_outbox`);
  return row ?? {};
}

const cases = databaseProblemRoutes.flatMap((key) => [
  [key, 'of an account, with EMAIL_VERIFICATION=off'] as const,
  [key, 'at an address of nobody, with EMAIL_VERIFICATION=required'] as const,
]);

describe('what one request leaves to the clean-up is bounded (CRN-08)', () => {
  test.each(cases)('%s %s', async (key, which) => {
    recordLog();
    const mode = /EMAIL_VERIFICATION=(\w+)/.exec(which)?.[1];
    const client = new TestClient({ DATABASE_URL: database.url, EMAIL_VERIFICATION: mode });
    const account = await insertAccount(client);
    const caller = mode === 'off' ? account : { ...account, email: freshEmail() };
    const before = await countRows();
    await client.call(...exampleCall(key, caller, 'bearer', freshClient()));
    const added = Object.entries(await countRows()).map(([table, count]) => count - (before[table] ?? 0));
    expect(added).toHaveLength(7);
    expect(Math.max(...added)).toBeLessThanOrEqual(rowsMax);
  });

  test('and some requests do leave as much, so that the bound is none of thin air', async () => {
    recordLog();
    const client = new TestClient({ DATABASE_URL: database.url });
    const account = await insertAccount(client);
    const before = await countRows();
    await client.call(...exampleCall('POST /api/auth/password/reset', account));
    const { security_events: events = 0 } = await countRows();
    expect(events - (before.security_events ?? 0)).toBe(rowsMax);
  });
});
