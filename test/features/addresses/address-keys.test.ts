import { expect, test } from 'vitest';
import { addressOf } from '../../../src/address/address-key.ts';
import { runScheduled } from '../../../src/app.ts';
import { createKeyring } from '../../../src/crypto/keyring.ts';
import { sql } from '../../../src/db/sql.ts';
import { fillAddressKeys } from '../../../src/features/addresses/fill-address-keys.sql.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { databaseUrl, openForFlow, query } from '../../support/database.ts';
import { expectIndexed, plansOf } from '../../support/query-plans.ts';

const nightly = { cron: '0 2 * * *' };

const client = new TestClient();

const keyringOf = (secret: unknown, previous?: unknown) =>
  createKeyring(bytes(secret), previous === undefined ? undefined : bytes(previous));

function bytes(text: unknown): Uint8Array {
  return Uint8Array.from(atob(String(text)), (character) => character.charCodeAt(0));
}

async function addUsers(...emails: string[]): Promise<void> {
  await query(sql`
    INSERT INTO users (email, name, is_verification_exempt)
    SELECT e, 'Earlier', true FROM unnest(${emails}::text[]) AS e`);
}

async function keys(): Promise<Record<string, string | null>> {
  const rows = await query<{ email: string; address_key: string | null }>(
    sql`SELECT u.email, u.address_key FROM users u ORDER BY u.email`,
  );
  return Object.fromEntries(rows.map(({ email, address_key }) => [email, address_key]));
}

test('address keys of earlier accounts are made by the clean-up, from the canonical form (LNK-13), and anew while AUTH_SECRET is being replaced', async () => {
  const keyring = keyringOf(client.env.AUTH_SECRET);
  await addUsers('plain@example.com', 'person@bücher.example', '"quoted part"@example.com');
  recordLog();
  await runScheduled(nightly, client.env);
  expect(await keys()).toEqual({
    'plain@example.com': addressOf(keyring, 'plain@example.com').keys[0],
    'person@bücher.example': addressOf(keyring, 'person@xn--bcher-kva.example').keys[0],
    '"quoted part"@example.com': addressOf(keyring, '"quoted part"@example.com').keys[0],
  });

  const next = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
  const previousSecret = String(client.env.AUTH_SECRET);
  const [current, previous] = addressOf(keyringOf(next, previousSecret), 'plain@example.com').keys;
  expect((await keys())['plain@example.com']).toBe(previous);
  const lines = recordLog();
  await runScheduled(nightly, { ...client.env, AUTH_SECRET: next, AUTH_SECRET_PREVIOUS: previousSecret });
  expect((await keys())['plain@example.com']).toBe(current);
  expect(lines.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ rows: 'users.address_key', renewed: 3, isComplete: true }),
  );

  // In a large table they are looked for by index, and not at all where each has its own.
  const made = keyringOf(next);
  await query(sql`
    INSERT INTO users (email, name, address_key)
    SELECT 'many-' || n || '@example.com', 'Many', ${addressOf(made, 'x').keys[0]} || n FROM generate_series(1, 4000) n`);
  await query(sql`ANALYZE users`);
  const view = openForFlow();
  const plans = await plansOf(databaseUrl(), async () => {
    await fillAddressKeys(view, 100, made);
    return { roundTrips: view.roundTrips } as Answer;
  });
  for (const plan of plans) expectIndexed(plan);
});
