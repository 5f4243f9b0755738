import { expect } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { move, revert } from '../features/email-change/mover.ts';
import { linkFor, reset } from '../features/password/password-reset.ts';
import { changePassword, expectDead, signInAgain } from '../features/password/signed-in-owner.ts';
import { type SignedIn, sessionRow, signIn } from '../features/sessions/session-fixtures.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { openDatabase } from '../support/database.ts';
import { storeLink } from '../support/links.ts';
import { describe, test } from '../support/races.ts';
import { adminSecret } from '../support/test-env.ts';
import { holdRows } from './hold-rows.ts';
import { untilWaiting } from './until-waiting.ts';

// A session that somebody uses at that moment is locked. What ends it has to wait for the row, and not to pass it by.

const client = new TestClient({
  DATABASE_TIMEOUT_MS: '8000',
  ADMIN_SECRET: adminSecret,
});

describe('a session that somebody else holds meanwhile ends all the same (SES-06, SES-07)', {
  timeout: 60_000,
}, () => {
  /** Gets ready to end all sessions of an owner, or all but the calling one. */
  const endings: Record<string, (owner: SignedIn) => Promise<() => Promise<Answer>>> = {
    'a reset of the password': async ({ email }) => {
      const token = await linkFor(client, email);
      return () => reset(client, token);
    },
    '"not me"': async ({ userId, email }) => {
      const token = await storeLink(client, 'not_me', { id: userId, email });
      return () => client.post('/api/auth/not-me', { token });
    },
    'the revert of a change of the address': async (owner) => {
      const { revertToken } = await move(client, owner);
      return () => revert(client, revertToken);
    },
    'a change of the password': async (owner) => () => changePassword(client, owner),
    'a ban': async ({ userId }) => {
      return () => client.post(`/api/admin/users/${userId}/ban`, undefined, { bearer: adminSecret });
    },
  };

  test.each(Object.entries(endings))('by %s', async (_what, prepare) => {
    const owner = await signIn(client);
    const other = await signInAgain(client, owner.email);
    const end = await prepare(owner);
    const held = sql`SELECT 1 FROM sessions WHERE id = ${other.sessionId}::uuid FOR UPDATE`;
    const [ending] = await holdRows([held], async () => {
      let isAnswered = false;
      const answer = end().finally(() => {
        isAnswered = true;
      });
      await untilWaiting(1, { isOver: () => isAnswered });
      return [answer] as const;
    });
    const answer = await ending;
    expect(answer.status, answer.text).toBe(200);
    expect(await sessionRow(other.sessionId, openDatabase())).toBeNull();
    await expectDead(client, other);
  });
});
