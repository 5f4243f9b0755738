import { describe, expect, test, vi } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { freshEmail, otherPassword, password, registerUser } from '../../support/accounts.ts';
import { type Answer, authCookies, type CallOptions, TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import { type Cookies, inputOf, press } from '../../support/hosted-pages.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { alertOf, titleOf } from '../../support/shown-page.ts';
import { linkTo, liveLinks, storedUser } from '../email-change/mover.ts';
import { recordsOf } from '../password/signed-in-owner.ts';
import { bcryptHash, findSessions } from '../password/stored-accounts.ts';
import { type SignedIn, signedInBy } from '../sessions/session-fixtures.ts';

const client = new TestClient();
const limited = new TestClient({ LOGIN_ATTEMPTS_MAX: '2' });
const en = pageLanguages.en!;
const refreshCookie = '__Host-nexora_refresh';

interface Link {
  readonly kind: string;
  readonly route: string;
  readonly page: string;
  /** The title of the page once it is done. */
  readonly doneTitle: string;
  /** Why the user is recorded as updated. */
  readonly reason: string;
  /** The round trips by a session, and by the password beside a session that has ended. */
  readonly roundTrips: readonly [bySession: number, besideEnded: number];
  /** Has the link mailed, and tells the address that the account has once it is used. */
  readonly issue: (owner: SignedIn) => Promise<{ readonly token: string; readonly newEmail: string }>;
}

/** The links that open nothing by themselves. */
const links: readonly (readonly [what: string, link: Link])[] = [
  [
    'of a verification (LNK-07)',
    {
      kind: 'verify_email',
      route: '/api/auth/email/verify',
      page: '/auth/verify-email',
      doneTitle: en.pages.verifyEmail.done.title,
      reason: 'email_verified',
      roundTrips: [1, 3],
      issue: async ({ email }) => ({
        token: await tokenFrom(client, email, 'verify_email'),
        newEmail: email,
      }),
    },
  ],
  [
    'of a change of the address (LNK-11)',
    {
      kind: 'change_email',
      route: '/api/auth/email/change/confirm',
      page: '/auth/confirm-email',
      doneTitle: en.pages.confirmEmailChange.done.title,
      reason: 'email_changed',
      roundTrips: [2, 2],
      issue: async (owner) => {
        const newEmail = freshEmail();
        return { token: await linkTo(client, owner, newEmail), newEmail };
      },
    },
  ],
];

describe.each(links)('the link %s', (_what, link) => {
  const { kind, route, page, reason, roundTrips } = link;

  /** Somebody with such a link, who has registered in a browser. */
  async function holder() {
    const answer = await registerUser(client);
    const owner = { ...signedInBy(answer), email: answer.email };
    const cookies = authCookies(answer);
    // The access token may have died: what is left of the browser's then.
    const aged = { [refreshCookie]: cookies[refreshCookie] ?? '' };
    return { ...owner, ...(await link.issue(owner)), cookies, aged };
  }
  type Holder = Awaited<ReturnType<typeof holder>>;

  const follow = (token: string, body: object = {}, options: CallOptions = {}, by = client) =>
    by.post(route, { token, ...body }, options);
  const open = (token: string, cookies: Cookies = {}) =>
    client.get(`${page}?${new URLSearchParams({ token })}`, { cookies });

  function expectAsked(answer: Answer): void {
    expect([answer.status, answer.json.code], answer.text).toEqual([400, 'password_required']);
    expect(answer.setCookies).toEqual([]);
  }

  async function expectUnused({ userId, email }: Holder): Promise<void> {
    expect(await storedUser(userId)).toMatchObject({ email, is_verified: false });
    expect(await liveLinks(userId)).toContain(kind);
    expect((await recordsOf(userId)).map((record) => record.reason)).not.toContain(reason);
  }

  async function expectUsed({ userId, newEmail }: Holder): Promise<void> {
    expect(await storedUser(userId)).toMatchObject({ email: newEmail, is_verified: true });
  }

  test('alone does nothing, and stays good for who shows that the account is theirs', async () => {
    const owner = await holder();
    const answer = await follow(owner.token);
    expectAsked(answer);
    expect(answer).toMatchObject({ roundTrips: 1, hashes: 0 });
    await expectUnused(owner);
    expect((await follow(owner.token, { password })).status).toBe(200);
    await expectUsed(owner);
  });

  test('and a wrong password is recorded, and counts with the logins of the account (LIM-03, LIM-11)', async () => {
    const owner = await holder();
    const { email, token, userId, sessionId } = owner;
    const guess = { password: otherPassword };
    const wrong = await follow(token, guess, {}, limited);
    expectAsked(wrong);
    expect(wrong).toMatchObject({ roundTrips: 2, hashes: 1 });
    expect((await recordsOf(userId)).at(-1)).toMatchObject({
      ...{ type: 'authn_login_fail', reason: 'wrong_password', session_id: null },
    });
    expect((await limited.post('/api/auth/login', { email, ...guess })).status).toBe(401);
    const locked = await follow(token, { password }, {}, limited);
    expect(locked).toMatchObject({ status: 429, roundTrips: 1, hashes: 0 });
    expect(locked.json.code).toBe('too_many_attempts');
    expect((await limited.post('/api/auth/login', { email, password })).status).toBe(429);
    await expectUnused(owner);
    expect(await findSessions(userId)).toMatchObject([{ id: sessionId }]);
    // A session needs no attempt.
    expect((await follow(token, {}, { bearer: owner.accessToken }, limited)).status).toBe(200);
  });

  test.each([undefined, otherPassword])(
    'is enough beside a live session of the account, without a hash, whatever the password: %s',
    async (text) => {
      const owner = await holder();
      const answer = await follow(owner.token, { password: text }, { bearer: owner.accessToken });
      expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: roundTrips[0], hashes: 0 });
      expect(answer.setCookies).toEqual([]);
      await expectUsed(owner);
      const types = (await recordsOf(owner.userId)).map(({ type }) => type);
      expect(types).not.toContain('authn_login_fail');
    },
  );

  test('of an account without a password takes its session, and no password', async () => {
    const owner = await holder();
    await query(sql`UPDATE users SET password_hash = NULL WHERE id = ${owner.userId}::uuid`);
    const answer = await follow(owner.token, { password });
    expectAsked(answer);
    expect(answer.hashes).toBe(1);
    await expectUnused(owner);
    expect((await follow(owner.token, {}, { bearer: owner.accessToken })).status).toBe(200);
  });

  test('gives all attempts back with the right password, as a login does', async () => {
    const { token, newEmail: email } = await holder();
    await follow(token, { password: otherPassword }, {}, limited);
    expect((await follow(token, { password }, {}, limited)).status).toBe(200);
    for (const _ of Array(2)) {
      const login = await limited.post('/api/auth/login', { email, password: otherPassword });
      expect(login.status).toBe(401);
    }
  });

  test('that an attacker had sent to a victim does nothing when they press it, signed in to an account of their own (EML-06)', async () => {
    const [attacker, victim] = [await holder(), await holder()];
    for (const options of [{ bearer: victim.accessToken }, { cookies: victim.cookies }])
      expectAsked(await follow(attacker.token, {}, options));
    const guess = await follow(attacker.token, { password: otherPassword }, { bearer: victim.accessToken });
    expect(guess).toMatchObject({ status: 400, hashes: 1 });
    for (const one of [attacker, victim]) await expectUnused(one);
  });

  test('takes the session by cookie from our own pages alone (CSR-05)', async () => {
    const { token, cookies, accessToken } = await holder();
    const silent = { headers: { Cookie: `__Host-nexora_access=${accessToken}` } };
    expectAsked(await follow(token, {}, silent));
    expect(await follow(token, {}, { cookies })).toMatchObject({ status: 200, roundTrips: roundTrips[0] });
  });

  test('and a session that has ended asks for the password, and is done with it', async () => {
    const owner = await holder();
    const { token, accessToken: bearer } = owner;
    await client.post('/api/auth/logout', undefined, { bearer });
    expectAsked(await follow(token, {}, { bearer }));
    await expectUnused(owner);
    const answer = await follow(token, { password }, { bearer });
    expect(answer).toMatchObject({ status: 200, roundTrips: roundTrips[1], hashes: 1 });
  });

  test.each([
    [password, 200],
    [otherPassword, 400],
  ])(
    'takes a second look where the stored hash was replaced meanwhile: %s (HSH-06)',
    async (text, status) => {
      const owner = await holder();
      const send = globalThis.fetch;
      const replaced = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
        if (!String(init?.body).includes('spent_by = ')) return send(input, init);
        replaced.mockRestore();
        const hash = bcryptHash(text);
        await query(sql`UPDATE users SET password_hash = ${hash} WHERE id = ${owner.userId}::uuid`);
        return send(input, init);
      });
      const answer = await follow(owner.token, { password });
      expect(answer.status, answer.text).toBe(status);
      if (status === 200) return expectUsed(owner);
      expectAsked(answer);
      await expectUnused(owner);
    },
  );

  test('asks on its page who is signed in here for no password, until it turns out to be needed', async () => {
    const [owner, other] = [await holder(), await holder()];
    const { token, cookies } = owner;
    expect(inputOf(await open(token), 'password')).toBeDefined();
    expect(inputOf(await open(token, cookies), 'password')).toBeUndefined();
    const refused = await press(client, page, { token }, other.cookies);
    expect([refused.status, inputOf(refused, 'password') !== undefined]).toEqual([400, true]);
    for (const wrong of ['', otherPassword]) {
      const again = await press(client, page, { token, password: wrong });
      expect([again.status, alertOf(again), again.setCookies]).toEqual([
        400,
        en.errors.password_required,
        [],
      ]);
      expect(again.text).toContain(token);
    }
    await expectUnused(owner);
    const done = await press(client, page, { token }, cookies);
    expect(done).toMatchObject({ status: 200, roundTrips: roundTrips[0], setCookies: [] });
    await expectUsed(owner);
  });

  describe('on its page, for somebody whose access token has died', () => {
    test('asks for no password, and nobody for who it is', async () => {
      const { token, aged } = await holder();
      const shown = await open(token, aged);
      expect([shown.status, shown.roundTrips, shown.setCookies]).toEqual([200, 0, []]);
      expect(inputOf(shown, 'password')).toBeUndefined();
    });

    test('is done without a password, and gives new tokens of the same account (SES-03)', async () => {
      const owner = await holder();
      const done = await press(client, page, { token: owner.token }, owner.aged);
      expect([done.status, titleOf(done)], done.text).toEqual([200, link.doneTitle]);
      await expectUsed(owner);
      const renewed = authCookies(done);
      expect(renewed[refreshCookie]).not.toBe(owner.aged[refreshCookie]);
      const me = await client.get('/api/auth/me', { cookies: renewed });
      expect(me.json.user).toMatchObject({ id: owner.userId, email: owner.newEmail, emailVerified: true });
      expect((await client.post('/api/auth/refresh', {}, { cookies: renewed })).status).toBe(200);
    });

    test('gives new tokens where it is refused as well, so that nothing is lost (SES-03)', async () => {
      const [{ token }, { email, aged }] = [await holder(), await holder()];
      const refused = await press(client, page, { token }, aged);
      expect([refused.status, inputOf(refused, 'password') !== undefined]).toEqual([400, true]);
      const me = await client.get('/api/auth/me', { cookies: authCookies(refused) });
      expect(me.json.user).toMatchObject({ email, emailVerified: false });
    });

    test('asks for the password where the refresh token is forged', async () => {
      const owner = await holder();
      const { token, cookieToken: genuine } = owner;
      const changed = `${genuine.slice(0, -6)}${genuine.at(-6) === 'A' ? 'B' : 'A'}${genuine.slice(-5)}`;
      for (const forged of ['nxr_forged', 'x', changed]) {
        const shown = await open(token, { [refreshCookie]: forged });
        expect([shown.status, shown.roundTrips]).toEqual([200, 0]);
        expect(inputOf(shown, 'password'), forged).toBeDefined();
        const refused = await press(client, page, { token }, { [refreshCookie]: forged });
        expect([refused.status, refused.setCookies], forged).toEqual([400, []]);
      }
      await expectUnused(owner);
    });

    test('asks for the password once it turns out that the session has ended', async () => {
      const owner = await holder();
      const { token, aged } = owner;
      expect((await client.post('/api/auth/logout', {}, { cookies: aged })).status).toBe(200);
      expect(inputOf(await open(token, aged), 'password')).toBeUndefined();
      const refused = await press(client, page, { token }, aged);
      expect([refused.status, refused.setCookies]).toEqual([400, []]);
      expect(alertOf(refused)).toBe(en.errors.password_required);
      expect(inputOf(refused, 'password')).toBeDefined();
      await expectUnused(owner);
      expect((await press(client, page, { token, password }, aged)).status).toBe(200);
      await expectUsed(owner);
    });
  });
});
