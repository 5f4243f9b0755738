import { describe, expect, test } from 'vitest';
import { features } from '../../src/app.ts';
import { identifier, join, sql } from '../../src/db/sql.ts';
import type { Rules } from '../../src/deps.ts';
import { loadRulesOf } from '../../src/feature.ts';
import { freshClient, freshEmail } from '../support/accounts.ts';
import { TestClient } from '../support/client.ts';
import { query } from '../support/database.ts';
import { insertAccountFor } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { databaseProblemRoutes, exampleCall, guardOf } from './route-table.ts';

/** What one request adds at most to a table that the clean-up deals with. docs/operations.md reckons with it. */
const rowsMax = 3;

/** By EMAIL_VERIFICATION. */
const clients = {
  off: new TestClient({ EMAIL_VERIFICATION: 'off' }),
  required: new TestClient({ EMAIL_VERIFICATION: 'required' }),
};

/** The tables of which the clean-up deletes rows, by itself or with the session that they belong to. */
function cleanedTables({ cleanUps, tables }: Rules): string[] {
  const deleted = cleanUps.filter(({ change }) => change === 'deleted').map(({ rows }) => rows);
  const withSession = tables.filter(
    ({ columns, atDeletion }) => columns.includes('session_id') && atDeletion === 'cascade',
  );
  return [...new Set([...deleted, ...withSession.map(({ name }) => name)])].toSorted();
}

const cleaned = cleanedTables(await loadRulesOf(features));

async function countRows(): Promise<Record<string, number>> {
  const counts = cleaned.map(
    (name) => sql`(SELECT count(*)::int FROM ${identifier(name)}) AS ${identifier(name)}`,
  );
  const [row] = await query<Record<string, number>>(sql`SELECT ${join(counts, ', ')}`);
  return row ?? {};
}

/** Those that anybody calls are for addresses of nobody too, with what that then needs. */
const cases = databaseProblemRoutes.flatMap((key) => [
  [key, 'of an account, with EMAIL_VERIFICATION=off', 'off'] as const,
  ...(guardOf(key) === 'anyone'
    ? [[key, 'at an address of nobody, with EMAIL_VERIFICATION=required', 'required'] as const]
    : []),
]);

describe('what one request leaves to the clean-up is bounded (CRN-08)', () => {
  test.each(cases)('%s %s', async (key, _which, mode) => {
    recordLog();
    const client = clients[mode];
    const account = await insertAccountFor(client, key);
    const caller = mode === 'off' ? account : { ...account, email: freshEmail() };
    const before = await countRows();
    await client.call(...exampleCall(key, caller, 'bearer', freshClient()));
    const added = Object.entries(await countRows()).map(([table, count]) => count - (before[table] ?? 0));
    expect(added).toHaveLength(cleaned.length);
    expect(Math.max(...added)).toBeLessThanOrEqual(rowsMax);
  });

  test('in each table that has a clean-up, a new one too', async () => {
    expect(cleaned).toEqual(
      expect.arrayContaining(['former_session_ids', 'mail_outbox', 'security_events', 'sessions']),
    );
    const runBatch = async () => 0;
    const cleanUps = [{ rows: 'planted', change: 'deleted', runBatch } as const];
    const planted = { loadRules: async () => ({ cleanUps }) };
    expect(cleanedTables(await loadRulesOf([...features, planted]))).toEqual(
      [...cleaned, 'planted'].toSorted(),
    );
  });

  test('and some requests do leave as much, so that the bound is none of thin air', async () => {
    recordLog();
    const key = 'POST /api/auth/password/reset';
    const account = await insertAccountFor(clients.off, key);
    const before = await countRows();
    await clients.off.call(...exampleCall(key, account));
    const { security_events: events = 0 } = await countRows();
    expect(events - (before.security_events ?? 0)).toBe(rowsMax);
  });
});
