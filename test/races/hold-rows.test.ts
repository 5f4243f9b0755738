import { expect } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { signIn } from '../features/sessions/session-fixtures.ts';
import { TestClient } from '../support/client.ts';
import { query } from '../support/database.ts';
import { describe, test } from '../support/races.ts';
import { holdRows } from './hold-rows.ts';
import { untilWaiting } from './until-waiting.ts';

describe('rows that are held', () => {
  test('are free again when nobody came to wait for them, and the test says so', async () => {
    const { userId } = await signIn(new TestClient());
    const row = sql`SELECT id FROM users WHERE id = ${userId}::uuid`;
    const held = holdRows([sql`${row} FOR UPDATE`], () => untilWaiting(1, { withinMs: 100 }));
    await expect(held).rejects.toThrow(
      'waited 100 ms for 1 connections that wait for a lock, but there were 0',
    );
    expect(await query(sql`${row} FOR UPDATE NOWAIT`)).toEqual([{ id: userId }]);
  });

  test('are not waited for when the statement that holds them fails', async () => {
    const held = holdRows([sql`SELECT 1 / 0`], () => Promise.resolve());
    await expect(held).rejects.toThrow('division by zero');
  });
});
