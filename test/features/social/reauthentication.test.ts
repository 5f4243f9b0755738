import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, otherPassword, registerUser } from '../../support/accounts.ts';
import { authCookies } from '../../support/client.ts';
import { makeStale } from '../../support/hosted-pages.ts';
import { CookieJar, signInAtIssuer } from '../../support/issuer-browser.ts';
import { begunVisit, codeFor, comeBack, followBack, landing } from '../../support/social.ts';
import { twoFactorUser } from '../../support/two-factor.ts';
import { accessCookie, claimsOf, refreshByCookie, refreshCookie } from '../sessions/session-fixtures.ts';
import { change, eventsOf } from '../two-factor/calls.ts';
import {
  enterBy,
  freshSubject,
  instructionsFor,
  linkTo,
  type Person,
  providersOf,
  socialClient,
} from './people.ts';

const client = socialClient();
const person = (): Person => ({ sub: freshSubject(), email: freshEmail() });
type Cookies = Readonly<Record<string, string>>;

const seconds = () => Math.floor(Date.now() / 1000);
const exportOf = (cookies: Cookies) => client.get('/api/auth/me/export', { cookies, headers: freshClient() });

/** Somebody who signs in at a provider alone, and whose session is stale. */
async function stale(provider: string, someone = person()) {
  const entered = await enterBy(client, provider, someone);
  await makeStale(entered.user.email);
  expect((await exportOf(entered.cookies)).json.code).toBe('reauthentication_required');
  return { ...entered, someone };
}

async function start(provider: string, cookies: Cookies, body: object = {}) {
  const answer = await client.post(`/api/auth/oauth/${provider}/reauthenticate`, body, { cookies });
  expect(answer.status, answer.text).toBe(200);
  return begunVisit(provider, answer, answer.json.url);
}

/** Comes back from a stand-in that says when somebody authenticated there; null for nothing. */
async function comeBackAuthenticated(
  provider: string,
  someone: Person,
  cookies: Cookies,
  authTime: unknown,
  returningAs: Cookies = cookies,
) {
  const visit = await start(provider, cookies, { redirectTo: '/settings' });
  const said = instructionsFor(provider, someone);
  const claims = { ...said.claims, auth_time: authTime };
  return comeBack(client, visit, { code: codeFor(visit, { ...said, claims }) }, { cookies: returningAs });
}

describe('POST /api/auth/oauth/:provider/reauthenticate', () => {
  test.each(['local', 'local-post'])(
    'asks the provider for a fresh log-in, and what it says makes the session recent, under a new id: %s (SES-15)',
    async (provider) => {
      const someone = person();
      const { cookies, user, session } = await stale(provider, someone);
      const visit = await start(provider, cookies, { redirectTo: '/settings' });
      expect(Object.fromEntries(visit.url.searchParams)).toMatchObject({ prompt: 'login', max_age: '0' });
      expect(visit.answer.roundTrips).toBe(1);
      const back = await signInAtIssuer(visit.url.href, { email: someone.email }, new CookieJar());
      const answer = await followBack(client, visit, back, { cookies });
      expect(landing(answer)).toMatchObject({ status: 303, url: 'https://auth.test/settings', error: null });
      expect(answer.roundTrips).toBe(1);
      const renewed = authCookies(answer);
      expect(claimsOf(renewed[accessCookie]!)).toMatchObject({
        sub: user.id,
        amr: expect.arrayContaining(['fed']),
      });
      expect(claimsOf(renewed[accessCookie]!).sid).not.toBe(session.id);
      expect((await exportOf(renewed)).status).toBe(200);
      expect((await client.get('/api/auth/me', { cookies })).status).toBe(401);
      expect((await refreshByCookie(client, renewed[refreshCookie]!)).status).toBe(200);
      expect(await eventsOf(client, { userId: user.id })).toContain(
        `authn_login_success reauthentication ${provider}`,
      );
    },
  );

  test.each([
    ['microsoft', 'now', () => seconds()],
    ['acme', 'a minute ago, by a slow clock', () => seconds() - 55],
  ] as const)('takes the word of %s that it was %s', async (provider, _when, authTime) => {
    const { cookies, someone } = await stale(provider);
    const answer = await comeBackAuthenticated(provider, someone, cookies, authTime());
    expect(landing(answer).error).toBeNull();
    expect((await exportOf(authCookies(answer))).status).toBe(200);
  });

  test.each(['microsoft', 'acme'])(
    'confirms nobody by a time that is not of this visit, or none: %s (SES-15)',
    async (provider) => {
      const { cookies, someone, session } = await stale(provider);
      for (const [authTime, code = 'reauthentication_required'] of [
        [null],
        [seconds() - 600],
        // Before the visit began.
        [seconds() - 70],
        [String(seconds()), 'provider_error'],
        [0],
      ] as const) {
        const answer = await comeBackAuthenticated(provider, someone, cookies, authTime);
        expect(landing(answer), String(authTime)).toMatchObject({ status: 303, error: code });
        expect(authCookies(answer)[accessCookie]).toBe('');
        expect((await exportOf(cookies)).json.code).toBe('reauthentication_required');
        const me = await client.get('/api/auth/me', { cookies });
        expect(me.json.session.id).toBe(session.id);
      }
    },
  );

  test('is refused at the start by a provider that does not say when: 409 provider_cannot_reauthenticate', async () => {
    for (const provider of ['google', 'github', 'apple']) {
      const { cookies } = await stale(provider);
      const answer = await client.post(`/api/auth/oauth/${provider}/reauthenticate`, {}, { cookies });
      expect([answer.status, answer.json.code]).toEqual([409, 'provider_cannot_reauthenticate']);
    }
  });

  test('is refused for a provider that the account has not, for a session without cookies, and without one', async () => {
    const { cookies } = await stale('microsoft');
    const post = (provider: string, options: object) =>
      client.post(`/api/auth/oauth/${provider}/reauthenticate`, {}, options);
    expect((await post('acme', { cookies })).json.code).toBe('identity_not_found');
    expect((await post('nobody', { cookies })).json.code).toBe('not_found');
    expect((await post('microsoft', {})).json.code).toBe('unauthenticated');
    const registered = await registerUser(client, { transport: 'body' });
    const { accessToken: bearer } = registered.json;
    await change(
      client,
      sql`INSERT INTO identities (user_id, provider, issuer, subject)
        VALUES (${registered.json.user.id}::uuid, 'microsoft', 'legacy:microsoft', ${freshSubject()})`,
    );
    const answer = await post('microsoft', { bearer });
    expect([answer.status, answer.json.code]).toEqual([409, 'session_not_by_cookie']);
  });

  test('by the identity of another user, or with their session, confirms nobody (LNK-04)', async () => {
    const [owner, other] = [await stale('acme'), await stale('acme')];
    for (const answer of [
      await comeBackAuthenticated('acme', other.someone, owner.cookies, seconds()),
      await comeBackAuthenticated('acme', person(), owner.cookies, seconds()),
      await comeBackAuthenticated('acme', owner.someone, owner.cookies, seconds(), other.cookies),
    ]) {
      expect(landing(answer).error).toBe('transaction_invalid');
      expect(authCookies(answer)[accessCookie]).toBe('');
    }
    for (const { cookies } of [owner, other])
      expect((await exportOf(cookies)).json.code).toBe('reauthentication_required');
  });

  test('confirms nobody where other sessions were signed out meanwhile, though this one goes on (LNK-19)', async () => {
    const { cookies, someone, session } = await stale('acme');
    const visit = await start('acme', cookies);
    const closed = await client.call('DELETE', '/api/auth/sessions?keep=current', { cookies });
    expect(closed.status, closed.text).toBe(200);
    const said = instructionsFor('acme', someone);
    const code = codeFor(visit, { ...said, claims: { ...said.claims, auth_time: seconds() } });
    const answer = await comeBack(client, visit, { code }, { cookies });
    expect(landing(answer).error).toBe('transaction_invalid');
    expect((await exportOf(cookies)).json.code).toBe('reauthentication_required');
    const me = await client.get('/api/auth/me', { cookies });
    expect(me.json.session.id).toBe(session.id);
  });

  test('counts once (OAU-14)', async () => {
    const { cookies, someone } = await stale('acme');
    const visit = await start('acme', cookies);
    const said = instructionsFor('acme', someone);
    const claims = { ...said.claims, auth_time: seconds() };
    const back = () =>
      comeBack(
        client,
        visit,
        { code: codeFor(visit, { ...said, claims }) },
        { cookies: { ...visit.cookies } },
      );
    expect(landing(await back()).error).toBeNull();
    expect(landing(await back()).error).toBe('transaction_invalid');
  });

  test('is not the second factor of an account that has one (SES-19)', async () => {
    const user = await twoFactorUser(client);
    const cookies = { [accessCookie]: user.accessToken };
    const someone = { sub: freshSubject(), email: user.email };
    await linkTo(client, 'acme', someone, cookies);
    await makeStale(user.email);
    const answer = await comeBackAuthenticated('acme', someone, cookies, seconds());
    expect(landing(answer).error).toBeNull();
    const refused = await exportOf(authCookies(answer));
    expect(refused.json).toMatchObject({
      code: 'reauthentication_required',
      methods: ['totp', 'backup_code'],
    });
  });
});

describe('an account without a password', () => {
  test('is told that a visit to its provider would do (SES-15)', async () => {
    for (const [provider, isTold] of [
      ['google', false],
      ['acme', true],
      ['github', false],
      ['apple', false],
    ] as const) {
      const { cookies } = await stale(provider);
      const { methods } = (await exportOf(cookies)).json;
      if (isTold) expect(methods).toContain('oauth');
      else expect(methods).not.toContain('oauth');
      expect(methods).not.toContain('password');
    }
  });

  test('can export, link, set a password and be deleted once it has authenticated there, and not before (SES-15, PRV-03)', async () => {
    const passwords = { newPassword: otherPassword, confirmPassword: otherPassword };
    const actions = (cookies: Cookies) => ({
      export: () => exportOf(cookies),
      link: () => client.post('/api/auth/oauth/github/link', {}, { cookies }),
      'set a password': () =>
        client.post('/api/auth/password/change', passwords, { cookies, headers: freshClient() }),
      delete: () => client.call('DELETE', '/api/auth/me', { cookies, body: {}, headers: freshClient() }),
    });
    for (const name of ['export', 'link', 'set a password', 'delete'] as const) {
      const { cookies, someone, user } = await stale('microsoft');
      const refused = await actions(cookies)[name]();
      expect([refused.status, refused.json.code], name).toEqual([403, 'reauthentication_required']);
      const answer = await comeBackAuthenticated('microsoft', someone, cookies, seconds());
      const allowed = await actions(authCookies(answer))[name]();
      expect(allowed.status, `${name} ${allowed.text}`).toBe(200);
      if (name !== 'set a password') continue;
      const login = await client.post('/api/auth/login', { email: someone.email, password: otherPassword });
      expect(login.json.user).toMatchObject({ id: user.id, hasPassword: true });
      expect(await providersOf(client, user.id)).toEqual(['microsoft']);
    }
  });
});
