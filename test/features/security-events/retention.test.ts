import { beforeEach, describe, expect, test } from 'vitest';
import { runScheduled } from '../../../src/app.ts';
import { sql } from '../../../src/db/sql.ts';
import { deleteOldEvents, shortenOldAddresses } from '../../../src/features/security-events/clean-up.sql.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { registerUser } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { faultyEndpoint, openDatabase, openForFlow, query } from '../../support/database.ts';

const nightly = { cron: '0 2 * * *' };

const client = new TestClient();

beforeEach(async () => {
  await query(sql`DELETE FROM security_events`);
});

/** Adds an event of that age, in days, which `name` tells from the others. */
async function addEvent(name: string, days: number, ipAddress: string | null): Promise<void> {
  await query(sql`
    INSERT INTO security_events (type, outcome, reason, request_id, at, ip_address, user_agent)
    VALUES ('authn_login_success', 'success', ${name}, gen_random_uuid(),
      now() - make_interval(secs => ${days * 86_400}::float8), ${ipAddress}::inet, 'Firefox')`);
}

/** What is left, name by name. */
async function storedAddresses(): Promise<Record<string, string | null>> {
  const rows = await query<{ reason: string; ip: string | null; agent: string }>(
    sql`SELECT e.reason, e.ip_address AS ip, e.user_agent AS agent FROM security_events e ORDER BY e.reason`,
  );
  expect(rows.map(({ agent }) => agent)).toEqual(rows.map(() => 'Firefox'));
  return Object.fromEntries(rows.map(({ reason, ip }) => [reason, ip]));
}

describe('the record of security events', () => {
  test('is kept for 90 days, with whole addresses for 30 and networks afterwards (PRV-01, CRN-05)', async () => {
    await addEvent('29 days', 29.99, '203.0.113.77');
    await addEvent('30 days', 30.01, '203.0.113.77');
    await addEvent('30 days v6', 30.01, '2001:db8:1:2:3:4:5:6');
    await addEvent('30 days without', 31, null);
    await addEvent('89 days', 89.99, '198.51.100.255');
    await addEvent('90 days', 90.01, '198.51.100.255');
    await addEvent('a year', 365, '2001:db8::1');
    const lines = recordLog();
    await runScheduled(nightly, client.env);
    expect(await storedAddresses()).toEqual({
      '29 days': '203.0.113.77',
      '30 days': '203.0.113.0/24',
      '30 days v6': '2001:db8:1::/48',
      '30 days without': null,
      '89 days': '198.51.100.0/24',
    });
    const told = lines.map((line) => JSON.parse(line));
    expect(told).toContainEqual(expect.objectContaining({ rows: 'security_events', deleted: 2 }));
  });

  test('is touched once: the next night finds no address to shorten', async () => {
    for (const ip of ['203.0.113.77', '2001:db8::1']) await addEvent(ip, 40, ip);
    const lines = recordLog();
    for (const _ of [1, 2]) await runScheduled(nightly, client.env);
    const shortened = lines
      .map((line) => JSON.parse(line))
      .filter(({ rows }) => rows === 'security_events.ip_address')
      .map(({ shortened }) => shortened);
    expect(shortened).toEqual([2, 0]);
  });

  test('locks nothing that another part of the same clean-up deletes, which would pass over it (CRN-05)', async () => {
    await addEvent('a year', 365, '203.0.113.77');
    const db = openForFlow();
    expect(await shortenOldAddresses(db, 10)).toBe(0);
    expect(await deleteOldEvents(db, 10)).toBe(1);
  });

  test('is gone through in batches of bounded size (T31)', async () => {
    await openDatabase().batch([
      sql`INSERT INTO security_events (type, outcome, request_id, at, ip_address)
        SELECT 'authn_login_success', 'success', gen_random_uuid(),
          now() - make_interval(days => n % 85), CASE WHEN n % 85 < 30 THEN '203.0.113.77' ELSE '203.0.113.0/24' END::inet
        FROM generate_series(1, 8500) n`,
      sql`INSERT INTO security_events (type, outcome, request_id, at, ip_address)
        SELECT 'authn_login_success', 'success', gen_random_uuid(), now() - make_interval(days => 31), '203.0.113.77'
        FROM generate_series(1, 1200)`,
    ]);
    recordLog();
    const faulty = await faultyEndpoint();
    await runScheduled(nightly, { ...client.env, DATABASE_HTTP_ENDPOINT: faulty.endpoint });
    const statements = (await faulty.seen()).flatMap(({ queries }) => queries);
    const shortening = statements.filter((text) => text.includes('set_masklen'));
    expect(shortening).toHaveLength(2);
    for (const text of statements.filter((statement) => !statement.includes('address_key')))
      expect(text).toMatch(/LIMIT \$\d::int FOR UPDATE SKIP LOCKED/);
  });
});

describe('the address of a session', () => {
  test('is no event: it is kept for as long as the session lives, and goes with it', async () => {
    const { json } = await registerUser(client, {});
    const ofUser = sql`WHERE user_id = ${json.user.id}::uuid`;
    const db = openDatabase();
    await db.query(
      sql`UPDATE sessions SET created_at = now() - interval '60 days', ip_address = '203.0.113.77' ${ofUser}`,
    );
    recordLog();
    await runScheduled(nightly, client.env);
    expect(await db.query(sql`SELECT ip_address FROM sessions ${ofUser}`)).toEqual([
      { ip_address: '203.0.113.77' },
    ]);
    await db.query(sql`UPDATE sessions SET expires_at = now() ${ofUser}`);
    await runScheduled(nightly, client.env);
    expect(await db.query(sql`SELECT ip_address FROM sessions ${ofUser}`)).toEqual([]);
  });
});
