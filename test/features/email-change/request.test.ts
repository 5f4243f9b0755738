import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, logIn, password } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { faultyEndpoint, query } from '../../support/database.ts';
import { causeMails, mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { useUpMails } from '../email-verification/pending-registrations.ts';
import { recordsOf } from '../password/signed-in-owner.ts';
import { signIn } from '../sessions/session-fixtures.ts';
import { confirm, expectTokenInvalid, linkTo, liveLinks, move, requestChange, settle } from './mover.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });

async function expectNothing(userId: string, newEmail: string): Promise<void> {
  expect(await mailsTo(client, newEmail)).toEqual([]);
  expect(await liveLinks(userId)).toEqual([]);
  expect((await recordsOf(userId)).map(({ type }) => type)).toEqual(['user_created']);
}

describe('POST /api/auth/email/change', () => {
  test('mails a link to the new address in one round trip, and changes nothing (EML-08)', async () => {
    const owner = await signIn(client);
    const newEmail = freshEmail();
    const answer = await requestChange(client, owner, newEmail.toUpperCase());
    expect(answer, answer.text).toMatchObject({ status: 202, roundTrips: 1, setCookies: [] });
    expect(answer.json).toStrictEqual({ success: true, message: expect.any(String) });
    expect(await mailsTo(client, newEmail)).toMatchObject([
      {
        kind: 'confirm_email_change',
        user_id: owner.userId,
        outcome: null,
        token: expect.stringMatching(/^nxe_/),
      },
    ]);
    expect(await mailsTo(client, owner.email)).toEqual([]);
    const me = await client.get('/api/auth/me', { bearer: owner.accessToken });
    expect(me.json.user.email).toBe(owner.email);
    await logIn(client, owner.email);
    const refused = await client.post('/api/auth/login', { email: newEmail, password });
    expect(refused.json.code).toBe('invalid_credentials');
    expect((await recordsOf(owner.userId))[1]).toMatchObject({
      type: 'user_updated',
      reason: 'email_change_requested',
      session_id: owner.sessionId,
      request_id: answer.headers.get('X-Request-Id'),
    });
  });

  test('leaves the newest link alone alive, to whichever address (EML-08)', async () => {
    const owner = await signIn(client);
    const [first, second] = [freshEmail(), freshEmail()];
    const earlier = [await linkTo(client, owner, first), await linkTo(client, owner, second)];
    const last = await linkTo(client, owner, first);
    for (const token of earlier) expectTokenInvalid(await confirm(client, token), 1);
    expect((await confirm(client, last)).status).toBe(200);
  });

  test('to the address that the account has is 400 email_unchanged, in whatever case, and does nothing', async () => {
    const owner = await signIn(client);
    for (const newEmail of [owner.email, owner.email.toUpperCase(), ` ${owner.email} `]) {
      const answer = await requestChange(client, owner, newEmail);
      expect(answer).toMatchObject({ status: 400, roundTrips: 1 });
      expect(answer.json.code).toBe('email_unchanged');
    }
    await expectNothing(owner.userId, owner.email);
  });

  test('to what is no address is 400 before the database, without a mail (EML-02)', async () => {
    const owner = await signIn(client);
    for (const newEmail of [
      ['v@x.example', 'e@y.example'],
      { address: 'v@x.example' },
      'v@x.example,e@y.example',
      'a@evil.example\uff20victim.example',
      'a@evil.example\ufe6bvictim.example',
      '"a@evil"@x.example',
      'v@x.example\r\nBcc: e@y.example',
      'v@x.example\n',
      'v@x.example\0',
    ]) {
      const answer = await requestChange(client, owner, newEmail);
      expect(answer, JSON.stringify(newEmail)).toMatchObject({ status: 400, roundTrips: 0 });
      expect(answer.json).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/newEmail' }] });
    }
    expect(await liveLinks(owner.userId)).toEqual([]);
  });

  test('whose answer was lost is 202, with one link, one mail and one record (DBF-10)', async () => {
    const owner = await signIn(client);
    for (const isTaken of [false, true]) {
      const newEmail = isTaken ? (await signIn(client)).email : freshEmail();
      const { endpoint } = await faultyEndpoint(['commit-then-drop']);
      const faulty = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint });
      const answer = await requestChange(faulty, owner, newEmail);
      expect(answer, answer.text).toMatchObject({ status: 202, roundTrips: 2 });
      expect(await mailsTo(client, newEmail)).toHaveLength(1);
      expect(await liveLinks(owner.userId)).toEqual(['change_email']);
    }
    expect(await recordsOf(owner.userId)).toHaveLength(3);
  });
});

describe('a request for an address that is somebody else’s', () => {
  /** What a caller sees, but for what differs between any two requests. */
  function seen({ status, text, headers, setCookies, roundTrips }: Answer) {
    const plain = [...headers].filter(
      ([name]) => !['x-request-id', 'server-timing', 'ratelimit'].includes(name),
    );
    return { status, text, setCookies, roundTrips, headers: plain };
  }

  async function exportOf(bearer: string): Promise<Record<string, unknown[]>> {
    return (await client.get('/api/auth/me/export', { bearer })).json;
  }

  test('is answered as for a free one to the byte, and tells its owner (ENU-04, ENU-12)', async () => {
    const [caller, owner] = [await signIn(client), await signIn(client)];
    const free = await requestChange(client, caller, freshEmail());
    const taken = await requestChange(client, caller, owner.email);
    expect(seen(taken)).toEqual(seen(free));
    const mails = await mailsTo(client, owner.email);
    expect(mails).toMatchObject([{ kind: 'email_taken', user_id: owner.userId, token: null }]);
  });

  test('shows neither in the events nor in the export of whoever asked (ENU-04)', async () => {
    const [forFree, forTaken, owner] = [await signIn(client), await signIn(client), await signIn(client)];
    const freeEmail = freshEmail();
    await requestChange(client, forFree, freeEmail);
    await requestChange(client, forTaken, owner.email);
    const [free, taken] = [await exportOf(forFree.accessToken), await exportOf(forTaken.accessToken)];
    for (const [data, email] of [
      [free, freeEmail],
      [taken, owner.email],
    ] as const) {
      expect(data.links).toMatchObject([{ kind: 'change_email', email, targetEmail: email }]);
      expect(data.mails).toEqual([]);
      expect(data.securityEvents).toMatchObject([
        { type: 'user_updated', reason: 'email_change_requested' },
        { type: 'user_created' },
      ]);
    }
  });

  test('ends the earlier link as one for a free address does: its fate tells nothing (ENU-04)', async () => {
    const [caller, owner] = [await signIn(client), await signIn(client)];
    const token = await linkTo(client, caller, freshEmail());
    await requestChange(client, caller, owner.email);
    expectTokenInvalid(await confirm(client, token), 1);
  });

  test('is the same for one that its former owner can have back, and theirs it is (EML-08)', async () => {
    const [caller, owner] = [await signIn(client), await settle(await signIn(client))];
    const { email } = await move(client, owner);
    const answer = await requestChange(client, caller, owner.email);
    expect(seen(answer)).toEqual(seen(await requestChange(client, caller, freshEmail())));
    expect((await mailsTo(client, owner.email)).map(({ kind }) => kind)).toEqual([
      'email_changed',
      'email_taken',
    ]);
    await move(client, owner, email, owner.email);
  });
});

test('the demo user’s address: the same answer, no mail, no link, no record (DEM-04)', async () => {
  for (const mode of ['true', 'false']) {
    const other = new TestClient({ DEMO_MODE: mode, EMAIL_VERIFICATION: 'off' });
    const owner = await signIn(other);
    const answer = await requestChange(other, owner, 'demo@nexora.ai');
    const free = await requestChange(other, await signIn(other), freshEmail());
    expect([answer.status, answer.text, answer.roundTrips]).toEqual([
      free.status,
      free.text,
      free.roundTrips,
    ]);
    await expectNothing(owner.userId, 'demo@nexora.ai');
  }
});

describe('mails to a new address', () => {
  test.each<[what: string, max: number, toAddress: () => Promise<string>]>([
    ['a free address', 15, async () => freshEmail()],
    ['one of an account', 20, async () => (await settle(await signIn(client))).email],
  ])(
    'are five in an hour, whoever asks, and more where each client is a new one: to %s %i (EML-10, EML-13)',
    async (_what, max, toAddress) => {
      const callers = await Promise.all([signIn(client), signIn(client)]);
      const ask = async (newEmail: string, times: number, host: (index: number) => number) => {
        for (let index = 0; index < times; index++) {
          const headers = { 'CF-Connecting-IP': `203.0.113.${host(index)}` };
          const answer = await requestChange(client, callers[index % 2]!, newEmail, { headers });
          expect(answer.status).toBe(202);
        }
        return (await mailsTo(client, newEmail)).length;
      };
      expect(await ask(await toAddress(), 11, (index) => index % 5)).toBe(5);
      const late = await toAddress();
      await useUpMails(client, late, max - 2);
      expect(await ask(late, 4, (index) => 100 + index)).toBe(2);
    },
  );

  test('to an unverified account’s address are two notices a day (EML-13)', async () => {
    const [caller, { email }] = [await signIn(client), await signIn(client)];
    for (let index = 0; index < 4; index++) await requestChange(client, caller, email);
    expect((await mailsTo(client, email)).map(({ kind }) => kind)).toEqual(['email_taken', 'email_taken']);
  });

  // Else a client could count its own budget down and learn from it who has an account.
  test.each([
    ['a free address', false],
    ['one of an unverified account, beyond its budget', true],
  ])(
    'count alike for the client that causes them, thirty in an hour: %s (EML-10, ENU-12)',
    async (_what, isTaken) => {
      const headers = freshClient();
      const caller = await signIn(client);
      const target = isTaken ? (await signIn(client)).email : freshEmail();
      await causeMails(client, headers, 25);
      for (let index = 0; index < 4; index++) await requestChange(client, caller, target, { headers });
      const [last, beyond] = [freshEmail(), freshEmail()];
      for (const newEmail of [last, beyond]) await requestChange(client, caller, newEmail, { headers });
      expect(await mailsTo(client, last)).toHaveLength(1);
      expect(await mailsTo(client, beyond)).toEqual([]);
      expect(await liveLinks(caller.userId)).toEqual(['change_email']);
    },
  );

  test('beyond the limit leave the link of the last one alive', async () => {
    const owner = await signIn(client);
    const newEmail = freshEmail();
    for (let index = 0; index < 7; index++) await requestChange(client, owner, newEmail);
    const token = await tokenFrom(client, newEmail, 'confirm_email_change');
    expect((await confirm(client, token)).status).toBe(200);
  });

  test('are not used up by requests that could not have one (EML-10)', async () => {
    const late = await signIn(client);
    await query(sql`
      UPDATE sessions SET authenticated_at = now() - interval '601 seconds' WHERE id = ${late.sessionId}::uuid`);
    const newEmail = freshEmail();
    for (let index = 0; index < 7; index++) await requestChange(client, late, newEmail);
    await linkTo(client, await signIn(client), newEmail);
  });
});
