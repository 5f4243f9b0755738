import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { databaseState } from '../../contract/database-state.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import {
  freshClient,
  freshEmail,
  logIn,
  otherPassword,
  password,
  registerUser,
} from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { databaseUrl } from '../../support/database.ts';
import { mailsTo, tokenFrom } from '../../support/mailbox.ts';
import {
  accountsOf,
  addressClasses,
  databaseOf,
  otherPasswords,
  postRegistration,
  registerForToken,
  requiredClient,
  resend,
  rowCounts,
  shownBy,
  unverifiedAccount,
  verify,
  waitingFor,
} from './pending-registrations.ts';

const required = requiredClient();
const closed = requiredClient({ REGISTRATION: 'closed' });
const weak = { password: 'password123', confirmPassword: 'password123' };

describe.each(['off', 'optional'])('with REGISTRATION=closed and EMAIL_VERIFICATION=%s', (mode) => {
  const client = new TestClient({ EMAIL_VERIFICATION: mode, REGISTRATION: 'closed' });

  test('register is 403 for every address and password alike, before anything is read, hashed or written (EML-16)', async () => {
    const { email: taken } = await registerUser(new TestClient());
    const before = await databaseState(databaseUrl());
    const answers = [
      await postRegistration(client, freshEmail()),
      await postRegistration(client, taken),
      await postRegistration(client, 'demo@nexora.ai'),
      await postRegistration(client, freshEmail(), weak),
    ];
    for (const answer of answers) {
      expectProblem(answer, 403, 'registration_closed');
      expect(answer).toMatchObject({ roundTrips: 0, hashes: 0, setCookies: [] });
    }
    expect(await databaseState(databaseUrl())).toBe(before);
  });

  test('a body that is wrong is told as ever', async () => {
    expectProblem(await postRegistration(client, 'no address'), 400, 'validation_failed');
  });

  test('the accounts that are there go on signing in', async () => {
    const { email } = await registerUser(new TestClient());
    expect((await logIn(client, email)).status).toBe(200);
  });
});

describe('register with REGISTRATION=closed where accounts begin with the verification', () => {
  test('answers every address as it would be answered if it were open, and does nothing (ENU-04, EML-16)', async () => {
    const expected = shownBy(await postRegistration(required, freshEmail()));
    expect(expected.status).toBe(202);
    for (const [name, prepare] of Object.entries(addressClasses)) {
      const email = await prepare(required);
      const before = [await rowCounts(required), await mailsTo(required, email)];
      const answer = await postRegistration(closed, email);
      expect(shownBy(answer), name).toEqual(expected);
      expect(answer, name).toMatchObject({ roundTrips: 0, hashes: 0 });
      expect([await rowCounts(required), await mailsTo(required, email)], name).toEqual(before);
    }
  });

  test('answers a weak password likewise, and a wrong body as ever', async () => {
    expect(await postRegistration(closed, freshEmail(), weak)).toMatchObject({ status: 202, roundTrips: 0 });
    expectProblem(await postRegistration(closed, 'no address'), 400, 'validation_failed');
  });
});

describe('the link of a registration from before it was closed', () => {
  test('is 403 with the right password, a wrong one and none, and is not spent (EML-16)', async () => {
    const email = freshEmail();
    const token = await registerForToken(required, email);
    for (const body of [{ token, password }, { token, password: otherPassword }, { token }]) {
      const answer = await verify(closed, body);
      expectProblem(answer, 403, 'registration_closed');
      expect(answer).toMatchObject({ roundTrips: 0, hashes: 0, setCookies: [] });
    }
    expect(await accountsOf(required, email)).toEqual([]);
    expect(await waitingFor(required, email)).toBe(1);
    expect((await verify(required, { token, password })).status).toBe(200);
  });

  test('is the same 403 once it has expired or was used, and a forged one the same 400 as ever (ENU-09)', async () => {
    const email = freshEmail();
    const [live, expired, used] = [
      await registerForToken(required, freshEmail()),
      await registerForToken(required, email),
      await registerForToken(required, freshEmail()),
    ];
    await databaseOf(required).query(sql`
      UPDATE one_time_tokens t SET expires_at = now() FROM registration_attempts r WHERE r.id = t.owner_id AND r.email = ${email}`);
    expect((await verify(required, { token: used, password })).status).toBe(200);
    for (const token of [expired, used])
      expectProblem(await verify(required, { token, password }), 400, 'token_invalid');
    const texts = [];
    for (const token of [live, expired, used]) {
      const { text, json, roundTrips } = await verify(closed, { token, password });
      expect(roundTrips).toBe(0);
      texts.push(text.replace(json.requestId, ''));
    }
    expect(new Set(texts).size).toBe(1);
    expectProblem(
      await verify(closed, { token: `${live.slice(0, -4)}AAAA`, password }),
      400,
      'token_invalid',
    );
  });

  test('is 403 on its page, which says why in the language of its reader', async () => {
    const token = await registerForToken(required, freshEmail());
    for (const [tag, { errors }] of Object.entries(pageLanguages)) {
      const headers = { 'Accept-Language': tag };
      const answer = await closed.submit('/auth/verify-email', { token, password }, { headers });
      expect(answer).toMatchObject({ status: 403, roundTrips: 0, setCookies: [] });
      expect(answer.text).toContain(errors.registration_closed);
    }
    expect((await verify(required, { token, password })).status).toBe(200);
  });

  test('takes no unverified account over, whose owner gets in by a reset of the password', async () => {
    const account = await unverifiedAccount(new TestClient());
    const { email } = account;
    const token = await registerForToken(required, email, otherPasswords);
    const before = await accountsOf(required, email);
    expectProblem(await verify(closed, { token, password: otherPassword }), 403, 'registration_closed');
    expect(await accountsOf(required, email)).toEqual(before);
    await closed.post('/api/auth/password/forgot', { email }, { headers: freshClient() });
    const reset = { token: await tokenFrom(closed, email, 'reset_password'), ...otherPasswords };
    expect((await closed.post('/api/auth/password/reset', reset)).status).toBe(200);
    expect(await accountsOf(required, email)).toMatchObject([{ id: account.userId, is_verified: true }]);
  });
});

test('the link of an account that is there verifies it while registration is closed', async () => {
  const optional = new TestClient();
  const { email } = await registerUser(optional, {}, freshClient());
  const token = await tokenFrom(optional, email, 'verify_email');
  expect((await verify(closed, { token, password })).status).toBe(200);
  expect(await accountsOf(required, email)).toMatchObject([{ is_verified: true }]);
});

describe('a resend while registration is closed', () => {
  test('mails no pending registration, and answers and writes as for an address of nobody (ENU-05, EML-16)', async () => {
    const seen = [];
    for (const email of [freshEmail(), await addressClasses['pending registration']!(required)]) {
      const [rows, mails] = [await rowCounts(required), await mailsTo(required, email)];
      const answer = await resend(closed, email);
      expect(await mailsTo(required, email)).toEqual(mails);
      const written = Object.entries(await rowCounts(required)).map(([name, count]) => [
        name,
        count - rows[name]!,
      ]);
      seen.push({ shown: shownBy(answer), roundTrips: answer.roundTrips, written });
    }
    expect(seen[0]).toMatchObject({ shown: { status: 202 }, roundTrips: 1 });
    expect(seen[1]).toEqual(seen[0]);
  });

  test('mails the owner of an unverified account as ever', async () => {
    const email = await addressClasses.unverified!(required);
    await resend(closed, email);
    expect((await mailsTo(required, email)).map(({ kind }) => kind)).toEqual(['verify_email']);
  });
});
