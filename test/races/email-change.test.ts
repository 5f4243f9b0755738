import { afterEach, expect, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import {
  confirm,
  linkTo,
  liveLinks,
  move,
  requestChange,
  revert,
  settle,
  storedUser,
} from '../features/email-change/mover.ts';
import { forget } from '../features/password/password-reset.ts';
import {
  changePassword,
  deleteAccount,
  recordsOf,
  signInAgain,
} from '../features/password/signed-in-owner.ts';
import { ageRotations, refreshByBody, signIn } from '../features/sessions/session-fixtures.ts';
import { freshClient, freshEmail, password, registration } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { query } from '../support/database.ts';
import { mailsTo, tokenFrom } from '../support/mailbox.ts';
import { describe, roundsOf, test } from '../support/races.ts';
import { changing, headStartOf } from './held-calls.ts';
import { heldUntilRepeated } from './hold-rows.ts';
import { crowdOf, times, together } from './together.ts';
import { expectNoDeadlock, sessionsOf, tally } from './two-factor-state.ts';

const uses = 2 * crowdOf(10);

const client = new TestClient({
  EMAIL_VERIFICATION: 'off',
  DATABASE_TIMEOUT_MS: '8000',
  LOGIN_ATTEMPTS_MAX: '100',
});

afterEach(() => vi.restoreAllMocks());
expectNoDeadlock();

const race = (
  headStartMs: number,
  all: readonly (() => Promise<Answer>)[],
  text: string | RegExp = changing,
) => together(text, all, headStartMs);

async function stillToSendTo(email: string): Promise<string[]> {
  return (await mailsTo(client, email)).filter(({ outcome }) => outcome === null).map(({ kind }) => kind);
}

describe(`of ${uses} uses of one link at once`, { timeout: 120_000 }, () => {
  test('to confirm, exactly one succeeds, with one mail and one record (EML-07)', async () => {
    for (let round = 0; round < roundsOf(5); round++) {
      const owner = await signIn(client);
      const newEmail = freshEmail();
      const token = await linkTo(client, owner, newEmail);
      const answers = await race(
        0,
        times(uses, () => confirm(client, token)),
      );
      expect(tally(answers)).toEqual({ '200': 1, '400 token_invalid': uses - 1 });
      expect(await storedUser(owner.userId)).toMatchObject({ email: newEmail, is_verified: true });
      expect(await mailsTo(client, owner.email)).toHaveLength(1);
      expect(await liveLinks(owner.userId)).toEqual(['revert_email']);
      const changes = (await recordsOf(owner.userId)).filter(({ reason }) => reason === 'email_changed');
      expect(changes).toHaveLength(1);
    }
  });

  test('to restore, exactly one succeeds, with one mail to each address and no session left (EML-07)', async () => {
    for (let round = 0; round < roundsOf(5); round++) {
      const owner = await settle(await signIn(client));
      const { email, revertToken } = await move(client, owner);
      const answers = await race(
        0,
        times(uses, () => revert(client, revertToken)),
      );
      expect(tally(answers)).toEqual({ '200': 1, '400 token_invalid': uses - 1 });
      expect(await storedUser(owner.userId)).toMatchObject({
        email: owner.email,
        device_generation: 1,
      });
      expect(await mailsTo(client, owner.email)).toHaveLength(2);
      expect((await mailsTo(client, email)).map(({ kind }) => kind)).toEqual([
        'confirm_email_change',
        'email_restored',
      ]);
      expect(await liveLinks(owner.userId)).toEqual(['reset_password']);
      expect(await sessionsOf(owner.userId)).toEqual([]);
    }
  });
});

test('of two accounts on their way to one address at once one arrives, the other is token_invalid (EML-01)', async () => {
  for (let round = 0; round < roundsOf(20); round++) {
    const newEmail = freshEmail();
    const [first, second] = [await signIn(client), await signIn(client)];
    const tokens = [await linkTo(client, first, newEmail), await linkTo(client, second, newEmail)];
    const answers = await race(
      headStartOf(round),
      tokens.map((token) => () => confirm(client, token)),
    );
    expect(tally(answers)).toEqual({ '200': 1, '400 token_invalid': 1 });
    const [winner, loser] = answers[0]!.status === 200 ? [first, second] : [second, first];
    expect(await storedUser(winner.userId)).toMatchObject({ email: newEmail });
    expect(await storedUser(loser.userId)).toMatchObject({ email: loser.email, is_verified: false });
    expect(await mailsTo(client, loser.email)).toEqual([]);
    expect(await liveLinks(loser.userId)).toEqual(['change_email']);
  }
}, 60_000);

test('a confirmation and a registration of one address at once: one of them has it, and nothing is 500 (EML-01)', async () => {
  const winners = new Set<string>();
  for (let round = 0; round < roundsOf(20, winners.size < 2); round++) {
    const newEmail = freshEmail();
    const owner = await signIn(client);
    const token = await linkTo(client, owner, newEmail);
    const [confirmed, registered] = await race(
      headStartOf(round),
      [
        () => confirm(client, token),
        () => client.post('/api/auth/register', registration(newEmail), { headers: freshClient() }),
      ],
      'security_events',
    );
    const outcome = `${confirmed!.status} ${registered!.status}`;
    expect(['200 409', '400 201']).toContain(outcome);
    winners.add(outcome);
  }
  // Both orders were met, or this was no race.
  expect(winners).toEqual(new Set(['200 409', '400 201']));
}, 60_000);

test('two requests of one account at once leave one link that can be followed (EML-08)', async () => {
  for (let round = 0; round < roundsOf(20); round++) {
    const owner = await signIn(client);
    const answers = await race(
      headStartOf(round),
      times(2, () => requestChange(client, owner, freshEmail())),
      'FOR NO KEY UPDATE',
    );
    expect(tally(answers)).toEqual({ '202': 2 });
    expect(await liveLinks(owner.userId)).toEqual(['change_email']);
  }
}, 60_000);

test('a request from another session and a change of the password at once leave no pending change (EML-08)', async () => {
  const statuses = new Set<number>();
  for (let round = 0; round < roundsOf(30, statuses.size < 2); round++) {
    const owner = await signIn(client);
    const other = await signInAgain(client, owner.email);
    const [requested, changed] = await race(
      headStartOf(round),
      [() => requestChange(client, other, freshEmail()), () => changePassword(client, owner)],
      'FOR NO KEY UPDATE',
    );
    expect(changed!.status, changed!.text).toBe(200);
    expect([202, 401]).toContain(requested!.status);
    statuses.add(requested!.status);
    expect(await liveLinks(owner.userId)).not.toContain('change_email');
  }
  expect(statuses).toEqual(new Set([202, 401]));
}, 60_000);

describe('a confirmation and the deletion of the account at once', { timeout: 120_000 }, () => {
  test('end with no account, and neither runs into the other (PRV-04)', async () => {
    const statuses = new Set<number>();
    for (let round = 0; round < roundsOf(30, statuses.size < 2); round++) {
      const owner = await signIn(client);
      const newEmail = freshEmail();
      const token = await linkTo(client, owner, newEmail);
      const [deleted, confirmed] = await race(headStartOf(round), [
        () => deleteAccount(client, owner),
        () => confirm(client, token),
      ]);
      expect(deleted!.status, deleted!.text).toBe(200);
      expect([200, 400]).toContain(confirmed!.status);
      statuses.add(confirmed!.status);
      expect(await storedUser(owner.userId)).toBeUndefined();
      const left = await query(sql`SELECT kind FROM one_time_tokens WHERE owner_id = ${owner.userId}::uuid`);
      expect(left).toEqual([]);
      // Whichever was first, the address before the change knows, and holds no link to what is gone (PRV-05).
      expect(await stillToSendTo(owner.email)).toEqual(['account_deleted']);
    }
    expect(statuses).toEqual(new Set([200, 400]));
  });
});

describe('of an address that an account has left, a restoration', { timeout: 120_000 }, () => {
  test('by either of two links at once succeeds exactly once (EML-07)', async () => {
    for (let round = 0; round < roundsOf(5); round++) {
      const owner = await settle(await signIn(client));
      const { revertToken } = await move(client, owner);
      await forget(client, owner.email, freshClient());
      const again = await tokenFrom(client, owner.email, 'email_changed');
      expect(again).not.toBe(revertToken);
      const answers = await race(
        0,
        [revertToken, again].flatMap((token) => times(uses / 2, () => revert(client, token))),
      );
      expect(tally(answers)).toEqual({ '200': 1, '400 token_invalid': uses - 1 });
      expect(await liveLinks(owner.userId)).toEqual(['reset_password']);
    }
  });

  test('and a request for a new password at once leave no second revert link (EML-08)', async () => {
    const mails = new Set<number>();
    for (let round = 0; round < roundsOf(50, mails.size < 2); round++) {
      const owner = await settle(await signIn(client));
      const { revertToken } = await move(client, owner);
      const [reverted, asked] = await race(headStartOf(round), [
        () => revert(client, revertToken),
        () => forget(client, owner.email, freshClient()),
      ]);
      expect(reverted!.status, reverted!.text).toBe(200);
      expect(asked!.status, asked!.text).toBe(202);
      expect(await liveLinks(owner.userId)).not.toContain('revert_email');
      const sent = (await mailsTo(client, owner.email)).filter(({ kind }) => kind === 'email_changed');
      mails.add(sent.length);
    }
    // Both orders were met, or this was no race.
    expect(mails).toEqual(new Set([1, 2]));
  });

  test('nor do its deletion and such a request at once, which hold no address for nobody (PRV-04)', async () => {
    for (let round = 0; round < roundsOf(50); round++) {
      const owner = await signIn(client);
      await move(client, owner);
      const [deleted, asked] = await race(headStartOf(round), [
        () => deleteAccount(client, owner),
        () => forget(client, owner.email, freshClient()),
      ]);
      expect(deleted!.status, deleted!.text).toBe(200);
      expect(asked!.status, asked!.text).toBe(202);
      expect(await liveLinks(owner.userId)).toEqual([]);
      expect(await stillToSendTo(owner.email)).toEqual(['account_deleted']);
    }
  });
});

describe('of a corrected address and the one that replaced it', { timeout: 120_000 }, () => {
  test('the last word, many times at once, and what the other does at once: it is kept (LNK-12, EML-07)', async () => {
    for (let round = 0; round < roundsOf(10); round++) {
      const owner = await signIn(client);
      await signInAgain(client, owner.email);
      const notMe = await tokenFrom(client, owner.email, 'new_device');
      const { email, revertToken } = await move(client, owner);
      expect((await revert(client, revertToken)).status).toBe(200);
      const last = await tokenFrom(client, email, 'email_changed');
      const answers = await race(headStartOf(round), [
        ...times(uses / 2, () => client.post('/api/auth/not-me', { token: notMe })),
        ...times(uses / 2, () => revert(client, last)),
      ]);
      const won = answers.slice(uses / 2);
      expect(tally(won)).toEqual({ '200': 1, '400 token_invalid': uses / 2 - 1 });
      expect(tally(answers.slice(0, uses / 2))['200'] ?? 0).toBeLessThanOrEqual(1);
      expect(await storedUser(owner.userId)).toMatchObject({ email, has_password: false });
      expect(await liveLinks(owner.userId)).not.toContain('revert_email');
      expect(await liveLinks(owner.userId)).not.toContain('not_me');
    }
  });

  test('a revert link and a not-me link of the first at once: it has the account, and the other one last word', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const owner = await signIn(client);
      await signInAgain(client, owner.email);
      const notMe = await tokenFrom(client, owner.email, 'new_device');
      const { email, revertToken } = await move(client, owner);
      const answers = await race(headStartOf(round), [
        () => revert(client, revertToken),
        () => client.post('/api/auth/not-me', { token: notMe }),
      ]);
      expect(answers.map(({ status }) => status)).toContain(200);
      expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email });
      expect((await liveLinks(owner.userId)).filter((kind) => kind === 'revert_email')).toHaveLength(1);
      const last = await tokenFrom(client, email, 'email_changed');
      expect((await revert(client, last)).status).toBe(200);
      expect(await storedUser(owner.userId)).toMatchObject({ email });
    }
  });
});

test('a restored address and a further change at once tell the address that the account had last (EML-08)', async () => {
  const statuses = new Set<number>();
  for (let round = 0; round < roundsOf(30, statuses.size < 2); round++) {
    const owner = await settle(await signIn(client));
    const { email, revertToken } = await move(client, owner);
    const newEmail = freshEmail();
    const token = await linkTo(client, owner, newEmail);
    const [reverted, confirmed] = await race(headStartOf(round), [
      () => revert(client, revertToken),
      () => confirm(client, token),
    ]);
    expect(reverted!.status, reverted!.text).toBe(200);
    expect([200, 400]).toContain(confirmed!.status);
    statuses.add(confirmed!.status);
    expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email });
    const [last, other] = confirmed!.status === 200 ? [newEmail, email] : [email, newEmail];
    const toldTo = async (address: string) =>
      (await mailsTo(client, address)).filter(({ kind }) => kind === 'email_restored').length;
    expect([await toldTo(last), await toldTo(other), await toldTo(owner.email)]).toEqual([1, 0, 0]);
  }
  expect(statuses).toEqual(new Set([200, 400]));
}, 60_000);

describe('a restored address and a login at once', { timeout: 120_000 }, () => {
  test('leave no session of that login (SES-07)', async () => {
    const statuses = new Set<number>();
    for (let round = 0; round < roundsOf(50, statuses.size < 2); round++) {
      const owner = await settle(await signIn(client));
      const { email, revertToken } = await move(client, owner);
      const [reverted, login] = await race(headStartOf(round), [
        () => revert(client, revertToken),
        () => client.post('/api/auth/login', { email, password }),
      ]);
      expect(reverted!.status, reverted!.text).toBe(200);
      expect([200, 401]).toContain(login!.status);
      statuses.add(login!.status);
      expect(await sessionsOf(owner.userId)).toEqual([]);
    }
    // Both orders were met, or this was no race.
    expect(statuses).toEqual(new Set([200, 401]));
  });

  test('nor what a refresh gives (SES-06)', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const owner = await settle(await signIn(client));
      const { email, revertToken } = await move(client, owner);
      const other = await signInAgain(client, email);
      const [reverted, refreshed] = await race(headStartOf(round), [
        () => revert(client, revertToken),
        () => refreshByBody(client, other.bodyToken),
      ]);
      expect(reverted!.status, reverted!.text).toBe(200);
      expect([200, 401]).toContain(refreshed!.status);
      expect(await sessionsOf(owner.userId)).toEqual([]);
    }
  });
});

test('theft of a refresh token and the deletion of the account at once never deadlock (T40, RFR-02)', async () => {
  const codes = new Set<string>();
  for (let round = 0; round < roundsOf(200, codes.size < 2); round++) {
    const owner = await signIn(client);
    await refreshByBody(client, owner.bodyToken);
    await ageRotations(owner.sessionId, 31);
    const [deleted, reused] = await race(headStartOf(round), [
      () => deleteAccount(client, owner),
      () => refreshByBody(client, owner.bodyToken),
    ]);
    // Whose session was ended as stolen first is signed out.
    expect([200, 401, 403]).toContain(deleted!.status);
    expect(reused!.status, reused!.text).toBe(401);
    codes.add(reused!.json.code);
    const notices = (await mailsTo(client, owner.email)).map(({ kind }) => kind);
    const isGone = deleted!.status === 200;
    expect(notices.includes('account_deleted')).toBe(isGone);
    if (!isGone) expect(notices).toEqual(['refresh_token_reused']);
  }
  expect(codes).toEqual(new Set(['refresh_token_reused', 'session_expired']));
}, 240_000);

test('a confirmation that is still running when it is repeated is answered 200 and has happened once (DBF-10, DBF-11)', async () => {
  const impatient = new TestClient({ DATABASE_TIMEOUT_MS: '1000' });
  const owners = await Promise.all([1, 2, 3].map(() => signIn(client)));
  const tokens = await Promise.all(owners.map((owner) => linkTo(client, owner, freshEmail())));
  const answers = await heldUntilRepeated(
    owners.map(({ userId }) => sql`SELECT 1 FROM users WHERE id = ${userId}::uuid FOR UPDATE`),
    tokens.map((token) => () => confirm(impatient, token)),
  );
  for (const [index, answer] of answers.entries()) {
    expect(answer.status, answer.text).toBe(200);
    expect(answer.roundTrips).toBe(3);
    expect(await mailsTo(client, owners[index]!.email)).toHaveLength(1);
    expect(await liveLinks(owners[index]!.userId)).toEqual(['revert_email']);
  }
}, 60_000);

test('a restored address whose statement is still running when it is repeated is answered 200, once (DBF-10, DBF-11)', async () => {
  const impatient = new TestClient({ DATABASE_TIMEOUT_MS: '1000' });
  const owner = await settle(await signIn(client));
  const { email, revertToken } = await move(client, owner);
  const [answer] = await heldUntilRepeated(
    [sql`SELECT 1 FROM users WHERE id = ${owner.userId}::uuid FOR UPDATE`],
    [() => revert(impatient, revertToken)],
  );
  expect(answer, answer!.text).toMatchObject({ status: 200, roundTrips: 3 });
  expect((await mailsTo(client, owner.email)).map(({ kind }) => kind)).toEqual([
    'email_changed',
    'reset_password',
  ]);
  expect((await mailsTo(client, email)).map(({ kind }) => kind)).toEqual([
    'confirm_email_change',
    'email_restored',
  ]);
  expect(await liveLinks(owner.userId)).toEqual(['reset_password']);
}, 60_000);
