import { beforeAll, expect } from 'vitest';
import { addressOf } from '../../src/address/address-key.ts';
import { type Fragment, sql } from '../../src/db/sql.ts';
import {
  confirm,
  expectTokenInvalid,
  linkTo,
  liveLinks,
  move,
  requestChange,
  revert,
  storedUser,
  storeLinkTo,
} from '../features/email-change/mover.ts';
import {
  otherPasswords,
  registerForToken,
  requiredClient,
  unverifiedAccount,
  verify,
} from '../features/email-verification/pending-registrations.ts';
import { changePassword, deleteAccount, signInAgain } from '../features/password/signed-in-owner.ts';
import {
  ageRotations,
  keyringOf,
  refreshByBody,
  type SignedIn,
  signedInBy,
  signIn,
} from '../features/sessions/session-fixtures.ts';
import { freshClient, freshEmail, otherPassword, password, registration } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { query } from '../support/database.ts';
import { mailsTo, tokenFrom } from '../support/mailbox.ts';
import { describe, test } from '../support/races.ts';
import { adminSecret } from '../support/test-env.ts';
import { holdRows } from './hold-rows.ts';
import { untilWaiting } from './until-waiting.ts';

// What makes an account safe has to see what somebody else did to it while it waited for the account's row, and not the
// state from before. Row locks that another connection holds put the two into that order.

const patient = { DATABASE_TIMEOUT_MS: '8000', LOGIN_ATTEMPTS_MAX: '100' };
const client = new TestClient({ ...patient });
const required = requiredClient({ ...patient });

beforeAll(async () => {
  await installLinkBarrier();
});

/** Lets a link to an address wait for an advisory lock of a test before it is written: nobody else takes it. */
async function installLinkBarrier(): Promise<void> {
  await query(sql`
    CREATE FUNCTION test_wait_for_link() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended('link to ' || NEW.email, 0));
      RETURN NEW;
    END
    $body$`);
  await query(sql`
    CREATE TRIGGER test_wait_for_link BEFORE INSERT ON one_time_tokens
    FOR EACH ROW WHEN (NEW.email IS NOT NULL) EXECUTE FUNCTION test_wait_for_link()`);
}

/** Starts the two while the rows are held, and lets go once the first waits for them, and the second for the first or not at all. */
async function oneAfterTheOther(
  rows: Fragment,
  first: () => Promise<Answer>,
  second: () => Promise<Answer>,
): Promise<[Answer, Answer]> {
  const started = await holdRows([rows], async () => {
    const firstAnswer = first();
    await untilWaiting(1);
    let isAnswered = false;
    const secondAnswer = second().finally(() => {
      isAnswered = true;
    });
    await untilWaiting(2, { isOver: () => isAnswered });
    return [firstAnswer, secondAnswer] as const;
  });
  return Promise.all(started);
}

/** `second` waits for the account that a request for another address holds. */
async function behindRequest(
  asker: Pick<SignedIn, 'accessToken'>,
  newEmail: string,
  second: () => Promise<Answer>,
): Promise<Answer> {
  // Its mail waits for the others to the same address.
  const [key] = addressOf(keyringOf(client), newEmail).keys;
  const mails = sql`SELECT pg_advisory_xact_lock(hashtextextended(${key}, 0))`;
  const ask = () => requestChange(client, asker, newEmail);
  const [asked, answer] = await oneAfterTheOther(mails, ask, second);
  expect(asked.status, asked.text).toBe(202);
  return answer;
}

const rowOf = (userId: string) => sql`SELECT 1 FROM users WHERE id = ${userId}::uuid FOR UPDATE`;

describe('a change of the address that is asked for meanwhile is dead', { timeout: 60_000 }, () => {
  /** Whose account it is, which session asks, and what ends the request; the code of its answer where it is no 200. */
  interface End {
    readonly owner: Pick<SignedIn, 'userId' | 'email'>;
    readonly asker: Pick<SignedIn, 'accessToken'>;
    readonly end: () => Promise<Answer>;
    readonly code?: string;
  }

  const ends: Readonly<Record<string, () => Promise<End>>> = {
    'a pending registration claimed the account (LNK-05, LNK-06)': async () => {
      const owner = await unverifiedAccount(client);
      const token = await registerForToken(required, owner.email, otherPasswords);
      const end = () => verify(required, { token, password: otherPassword });
      return { owner, asker: signedInBy(owner), end };
    },
    'the first verification by a session (LNK-05)': async () => {
      const owner = await unverifiedAccount(client);
      const asker = await signInAgain(client, owner.email);
      const end = () => verify(client, { token: owner.token }, { bearer: owner.json.accessToken });
      return { owner, asker, end };
    },
    'the first verification by the password (LNK-05)': async () => {
      const owner = await unverifiedAccount(client);
      const end = () => verify(client, { token: owner.token, password });
      return { owner, asker: signedInBy(owner), end };
    },
    'a change of the password by the same session (EML-08)': async () => {
      const owner = await signIn(client);
      return { owner, asker: owner, end: () => changePassword(client, owner) };
    },
    'the owner ended all others of the sessions (SES-10)': () =>
      endedByOwner(() => '/api/auth/sessions?keep=current'),
    'the owner ended this one of the sessions (SES-10)': () =>
      endedByOwner(({ sessionId }) => `/api/auth/sessions/${sessionId}`),
    'a refresh token came back, asked for by the same session (RFR-02)': () => reused(false),
    'a refresh token came back, asked for by another session (RFR-02)': () => reused(true),
    'an operator signed the user out (SES-17)': async () => {
      const admin = new TestClient({ ...patient, ADMIN_SECRET: adminSecret });
      const owner = await signIn(client);
      const path = `/api/admin/users/${owner.userId}/sign-out`;
      return { owner, asker: owner, end: () => admin.post(path, undefined, { bearer: adminSecret }) };
    },
  };

  async function endedByOwner(pathFor: (thief: SignedIn) => string): Promise<End> {
    const owner = await signIn(client);
    const asker = await signInAgain(client, owner.email);
    const end = () => client.call('DELETE', pathFor(asker), { bearer: owner.accessToken });
    return { owner, asker, end };
  }

  async function reused(isByAnother: boolean): Promise<End> {
    const owner = await signIn(client);
    const { json } = await refreshByBody(client, owner.bodyToken);
    await ageRotations(owner.sessionId, 31);
    const asker = isByAnother ? await signInAgain(client, owner.email) : json;
    return { owner, asker, end: () => refreshByBody(client, owner.bodyToken), code: 'refresh_token_reused' };
  }

  test.each(Object.entries(ends))('after %s', async (_what, prepare) => {
    const { owner, asker, end, code } = await prepare();
    const evil = freshEmail();
    const answer = await behindRequest(asker, evil, end);
    expect([answer.status === 200, answer.json.code], answer.text).toEqual([code === undefined, code]);
    expect(await liveLinks(owner.userId)).not.toContain('change_email');
    expect((await confirm(client, await tokenFrom(client, evil, 'confirm_email_change'))).status).toBe(400);
    expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email });
  });
});

describe('a session that ends meanwhile verifies nothing', { timeout: 60_000 }, () => {
  test('with a change of the password: the new session stays (LNK-07, SES-06)', async () => {
    const owner = await unverifiedAccount(client);
    const stale = await signInAgain(client, owner.email);
    const [changed, verified] = await oneAfterTheOther(
      rowOf(owner.userId),
      () => changePassword(client, signedInBy(owner)),
      () => verify(client, { token: owner.token }, { bearer: stale.accessToken }),
    );
    expect([changed.status, verified.status, verified.json.code]).toEqual([200, 400, 'password_required']);
    const me = await client.get('/api/auth/me', { bearer: changed.json.accessToken });
    expect(me.json.user).toMatchObject({ emailVerified: false });
  });

  test('with the end of all sessions (LNK-07)', async () => {
    const owner = await unverifiedAccount(client);
    const bearer = owner.json.accessToken;
    const [ended, verified] = await oneAfterTheOther(
      rowOf(owner.userId),
      () => client.call('DELETE', '/api/auth/sessions', { bearer }),
      () => verify(client, { token: owner.token }, { bearer }),
    );
    expect([ended.status, verified.status, verified.json.code]).toEqual([200, 400, 'password_required']);
  });
});

test('an operator who signs a user out ends the session that is being opened as well (SES-17, SES-07)', async () => {
  const admin = new TestClient({ ...patient, ADMIN_SECRET: adminSecret });
  const owner = await signIn(client);
  const [key] = addressOf(keyringOf(client), owner.email).keys;
  const [opened, ended] = await oneAfterTheOther(
    // The mail about an unknown device waits here, once the session is begun.
    sql`SELECT pg_advisory_xact_lock(hashtextextended(${key}, 0))`,
    () => client.post('/api/auth/login', { email: owner.email, password }),
    () => admin.post(`/api/admin/users/${owner.userId}/sign-out`, undefined, { bearer: adminSecret }),
  );
  expect([opened.status, ended.status, ended.json.revokedCount]).toEqual([200, 200, 2]);
  const me = await client.get('/api/auth/me', { bearer: opened.json.accessToken });
  expect(me.json.code).toBe('unauthenticated');
}, 60_000);

test('a session that ends meanwhile deletes no account (SES-04)', async () => {
  const owner = await signIn(client);
  const stale = await signInAgain(client, owner.email);
  const [ended, deleted] = await oneAfterTheOther(
    rowOf(owner.userId),
    () => client.call('DELETE', '/api/auth/sessions?keep=current', { bearer: owner.accessToken }),
    () => deleteAccount(client, stale),
  );
  expect([ended.status, deleted.status, deleted.json.code]).toEqual([200, 401, 'unauthenticated']);
  expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email });
}, 60_000);

test.each(['password/forgot', 'email/resend'])(
  'a deletion leaves no link and no mail of a %s that is under way (PRV-03)',
  async (path) => {
    const owner = await unverifiedAccount(client);
    const { email } = owner;
    const headers = freshClient();
    const ask = (address: string) => client.post(`/api/auth/${path}`, { email: address }, { headers });
    await ask(freshEmail());
    const [asked, deleted] = await oneAfterTheOther(
      // The link waits here, when its mail is queued and nobody sees it yet.
      sql`SELECT pg_advisory_xact_lock(hashtextextended('link to ' || ${email}::text, 0))`,
      () => ask(email),
      () => deleteAccount(client, signedInBy(owner)),
    );
    expect([asked.status, deleted.status]).toEqual([202, 200]);
    expect(await liveLinks(owner.userId)).toEqual([]);
    // The others go on counting for the address, without a link and without the user.
    const mails = await mailsTo(client, email);
    expect(mails.filter(({ outcome }) => outcome === null).map(({ kind }) => kind)).toEqual([
      'account_deleted',
    ]);
    expect(mails.filter((mail) => mail.user_id !== null || mail.token !== null)).toEqual([]);
  },
  60_000,
);

describe('an address that an account leaves meanwhile stays its own', { timeout: 60_000 }, () => {
  /** An account with this address, on its way to another one, and what holds the change back once it has begun. */
  async function leaving(email: string) {
    const owner = await signIn(client);
    await move(client, owner, owner.email, email);
    const token = await linkTo(client, owner, freshEmail());
    await storeLinkTo(client, 'unlock', owner, email);
    const late = sql`
      SELECT 1 FROM one_time_tokens WHERE owner_id = ${owner.userId}::uuid AND kind = 'unlock' FOR UPDATE`;
    // By the session, since a right password starts the attempts anew.
    return { owner, leave: () => confirm(client, token, owner), late };
  }

  test('when another account confirms that it moves there (EML-08)', async () => {
    const email = freshEmail();
    const other = await signIn(client);
    const token = await linkTo(client, other, email);
    const { owner, leave, late } = await leaving(email);
    const [left, taken] = await oneAfterTheOther(late, leave, () => confirm(client, token));
    expect(left.status, left.text).toBe(200);
    expectTokenInvalid(taken, 1);
    expect((await revert(client, await tokenFrom(client, email, 'email_changed'))).status).toBe(200);
    expect(await storedUser(owner.userId)).toMatchObject({ email });
  });

  test('when a pending registration is verified (EML-08, LNK-06)', async () => {
    const squatter = await unverifiedAccount(client);
    const { email } = squatter;
    const registrationToken = await registerForToken(required, email, otherPasswords);
    const owner = { ...signedInBy(squatter), email };
    // Within a day it would be a corrected address, which yields to whoever proves the mailbox.
    await query(
      sql`UPDATE users SET created_at = created_at - interval '2 days' WHERE id = ${owner.userId}::uuid`,
    );
    const token = await linkTo(client, owner, freshEmail());
    await storeLinkTo(client, 'unlock', owner, email);
    const [left, verified] = await oneAfterTheOther(
      sql`SELECT 1 FROM one_time_tokens WHERE owner_id = ${owner.userId}::uuid AND kind = 'unlock' FOR UPDATE`,
      () => confirm(client, token),
      () => verify(required, { token: registrationToken, password: otherPassword }),
    );
    expect([left.status, verified.status, verified.json.code]).toEqual([200, 400, 'token_invalid']);
    expect((await revert(client, await tokenFrom(client, email, 'email_changed'))).status).toBe(200);
  });

  test('when somebody registers it: nothing is left of that, and attempts at it count on (EML-08, ENU-06)', async () => {
    const email = freshEmail();
    const { leave, late } = await leaving(email);
    const bucket = `${addressOf(keyringOf(client), email).keys[0]}:world`;
    await query(sql`
      INSERT INTO login_attempts (bucket, count, last_attempt_id, window_ends_at)
      VALUES (${bucket}, 3, gen_random_uuid(), now() + interval '10 minutes')`);
    const [left, registered] = await oneAfterTheOther(late, leave, () =>
      client.post('/api/auth/register', registration(email), { headers: freshClient() }),
    );
    expect([left.status, registered.status, registered.json.code]).toEqual([200, 409, 'email_taken']);
    const requestId = registered.headers.get('X-Request-Id');
    expect(await query(sql`SELECT type FROM security_events WHERE request_id = ${requestId}::uuid`)).toEqual(
      [],
    );
    expect(await query(sql`SELECT count FROM login_attempts WHERE bucket = ${bucket}`)).toEqual([
      { count: 3 },
    ]);
    expect((await mailsTo(client, email)).map(({ kind }) => kind)).not.toContain('verify_email');
  });
});

test('a change of the address and a pending registration for it, verified at once, never deadlock', async () => {
  const email = freshEmail();
  await registerForToken(required, email);
  const registrationToken = await registerForToken(required, email, otherPasswords);
  const owner = await signIn(client);
  const token = await linkTo(client, owner, email);
  const [verified, moved] = await oneAfterTheOther(
    sql`SELECT 1 FROM registration_attempts WHERE email = ${email} FOR UPDATE`,
    () => verify(required, { token: registrationToken, password: otherPassword }),
    () => confirm(client, token, owner),
  );
  expect([verified.status, moved.status].toSorted()).toEqual([200, 400]);
  // A deadlock is ended by the server after a second, and repeated. A verification that loses looks once more.
  const isBeaten = verified.status === 400;
  expect([verified.roundTrips, moved.roundTrips]).toEqual([isBeaten ? 3 : 2, 2]);
}, 60_000);
