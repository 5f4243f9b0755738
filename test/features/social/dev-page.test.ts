import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { freshClient, freshEmail, registerUser } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieHeader, type Overrides, TestClient } from '../../support/client.ts';
import { databaseUrl, openDatabase } from '../../support/database.ts';
import { signInAtIssuer } from '../../support/issuer-browser.ts';
import { expectIndexed, plansOf } from '../../support/query-plans.ts';
import {
  begunVisit,
  followBack,
  landing,
  localProviders,
  providerVariables,
  signInAtLocalIssuer,
  visitCookies,
} from '../../support/social.ts';
import { baseUrl } from '../../support/test-env.ts';

const path = '/dev/sign-in';

/** None but those of OIDC_PROVIDERS. */
const withProviders = (openId: readonly object[]): Overrides => ({ OIDC_PROVIDERS: JSON.stringify(openId) });
const client = new TestClient({ EMAIL_VERIFICATION: 'off', ...withProviders(localProviders()) });

type Cookies = Readonly<Record<string, string>>;

/** Somebody who has signed in at the local issuer. */
async function signedInPerson(
  email = freshEmail(),
  name = 'Ada',
): Promise<{ email: string; cookies: Cookies }> {
  const answer = await signInAtLocalIssuer(client, 'local', { email, name });
  expect(landing(answer)).toMatchObject({ error: null });
  return { email, cookies: authCookies(answer) };
}

function press(form: Readonly<Record<string, string>>, cookies: Cookies = {}, headers = {}): Promise<Answer> {
  return client.submit(path, form, { cookies, headers: { ...freshClient(), ...headers } });
}

/** As a person reads it. */
function read({ text }: Answer): string {
  return text.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}

function alertOf(answer: Answer): string | undefined {
  return /<p role="alert">([^<]*)<\/p>/.exec(read(answer))?.[1];
}

function titleOf(answer: Answer): string | undefined {
  return /<h1>([^<]*)<\/h1>/.exec(read(answer))?.[1];
}

function buttonsOf(answer: Answer): string[] {
  return [...read(answer).matchAll(/<button type="submit">([^<]*)</g)].map((match) => match[1]!);
}

function linksOf(answer: Answer): Record<string, string> {
  const links = [...read(answer).matchAll(/<a href="([^"]*)">([^<]*)</g)];
  return Object.fromEntries(links.map(([, href = '', text = '']) => [text, href]));
}

const signedOut = 'Sign in with a provider';
const signedIn = 'You are signed in';

async function makeStale(email: string): Promise<void> {
  await openDatabase(databaseUrl()).query(sql`
    UPDATE sessions SET authenticated_at = now() - interval '11 minutes'
    WHERE user_id = (SELECT u.id FROM users u WHERE u.email = ${email})`);
}

/** Links the second provider from the page, as somebody whom it knows under another address. */
async function linkSecond(cookies: Cookies, email = freshEmail()): Promise<Answer> {
  const answer = await press({ action: 'link', provider: 'second' }, cookies);
  const visit = begunVisit('second', answer, linksOf(answer)['Continue to Second issuer'] ?? '');
  const callback = await signInAtIssuer(visit.url.href, { email });
  return followBack(client, visit, callback, { cookies });
}

describe('GET /dev/sign-in', () => {
  test('has a link for each provider to whoever is not signed in, and asks nobody', async () => {
    const answer = await client.get(path);
    expect(answer.status).toBe(200);
    expect(answer.roundTrips).toBe(0);
    expect(titleOf(answer)).toBe(signedOut);
    expect(answer.text).toContain('This page is there in development alone');
    expect(linksOf(answer)).toEqual({
      'Continue with Local issuer': '/api/auth/oauth/local?redirectTo=/dev/sign-in',
      'Continue with Local issuer by form': '/api/auth/oauth/local-post?redirectTo=/dev/sign-in',
      'Continue with Second issuer': '/api/auth/oauth/second?redirectTo=/dev/sign-in',
    });
    expect(answer.text).not.toMatch(/<form|<button|role="alert"/);
    expect(answer.setCookies).toEqual([]);
  });

  test('says where providers are configured while there is none', async () => {
    const answer = await new TestClient().get(path);
    expect(answer.status).toBe(200);
    expect(linksOf(answer)).toEqual({});
    expect(answer.text).toContain('docs/configuration.md says which variables');
    expect((await client.get(path)).text).not.toContain('docs/configuration.md');
  });

  test('names the variables of a provider that is configured in part', async () => {
    const answer = await new TestClient({ GITHUB_CLIENT_ID: 'half', OIDC_PROVIDERS: '[{}]' }).get(path);
    expect(answer.text).toContain('The provider github is off: look at GITHUB_CLIENT_SECRET.');
    expect(answer.text).toContain('The provider without an id is off: look at OIDC_PROVIDERS.');
  });

  test('its links lead to the provider and back to it, signed in', async () => {
    const email = freshEmail();
    const answer = await signInAtLocalIssuer(client, 'local', { email }, { query: { redirectTo: path } });
    expect(landing(answer)).toMatchObject({ url: `${baseUrl}${path}`, error: null });
    const back = await client.get(path, { cookies: authCookies(answer) });
    expect(titleOf(back)).toBe(signedIn);
  });

  test('shows who is signed in, by one statement, with what can be done', async () => {
    const { email, cookies } = await signedInPerson();
    const answer = await client.get(path, { cookies });
    expect(answer.status).toBe(200);
    expect(answer.roundTrips).toBe(1);
    expect(titleOf(answer)).toBe(signedIn);
    expect(answer.text).toContain(`The account of Ada, ${email}.`);
    expect(answer.text).toMatch(new RegExp(`Local issuer: ${email}, since \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z<`));
    expect(buttonsOf(answer)).toEqual([
      'Remove Local issuer',
      'Link Local issuer by form',
      'Link Second issuer',
      'Sign out',
    ]);
    expect(answer.text.match(/<form method="post" action="\/dev\/sign-in">/g)).toHaveLength(4);
    expect(linksOf(answer)).toEqual({});
    expect(answer.setCookies).toEqual([]);
  });

  test('shows an account without a provider, and a provider that is not configured any more', async () => {
    const alone = await client.get(path, { cookies: authCookies(await registerUser(client)) });
    expect(alone.text).toContain('No provider signs in to it yet.');
    expect(buttonsOf(alone)).not.toContain('Remove Local issuer');
    const { cookies } = await signedInPerson();
    const without = new TestClient({ EMAIL_VERIFICATION: 'off' });
    expect(buttonsOf(await without.get(path, { cookies }))).toEqual(['Remove local', 'Sign out']);
  });

  test('takes a session that has ended, and a token that is none, for nobody', async () => {
    const { cookies } = await signedInPerson();
    expect((await client.post('/api/auth/logout', {}, { cookies })).status).toBe(200);
    const ended = await client.get(path, { cookies });
    expect([ended.status, titleOf(ended), alertOf(ended)]).toEqual([200, signedOut, undefined]);
    const forged = await client.get(path, { cookies: { '__Host-nexora_access': 'a.b.c' } });
    expect([forged.status, titleOf(forged), forged.roundTrips]).toEqual([200, signedOut, 0]);
  });

  test('escapes what people and providers are called (HDR-04)', async () => {
    const name = `<b>"R & D"</b>`;
    const [local] = localProviders() as [object];
    const odd = new TestClient({ EMAIL_VERIFICATION: 'off', ...withProviders([{ ...local, name }]) });
    const { email, cookies } = await signedInPerson();
    const user = sql`(SELECT u.id FROM users u WHERE u.email = ${email})`;
    await openDatabase(databaseUrl()).batch([
      sql`UPDATE identities SET email = ${`<i>'&"@example.com`} WHERE user_id = ${user}`,
      sql`UPDATE users SET name = '<u>Ada</u>', email = ${`<s>${email}`} WHERE id = ${user}`,
    ]);
    for (const answer of [await odd.get(path), await odd.get(path, { cookies })]) {
      expect(answer.text).not.toMatch(/<b>|<i>|<u>|<s>|R & D/);
      expect(answer.text).toContain('&lt;b&gt;&quot;R &amp; D&quot;&lt;/b&gt;');
    }
    const shown = await odd.get(path, { cookies });
    expect(shown.text).toContain('&lt;u&gt;Ada&lt;/u&gt;');
    expect(shown.text).toContain(`&lt;s&gt;${email}`);
    expect(shown.text).toContain('&lt;i&gt;&#39;&amp;&quot;@example.com');
  });

  test('finds who is signed in by indexes alone', async () => {
    const { cookies } = await signedInPerson();
    await openDatabase(databaseUrl()).batch([
      sql`INSERT INTO users (email, name) SELECT 'many-' || n || '@example.com', 'User' FROM generate_series(1, 3000) n`,
      sql`INSERT INTO sessions (user_id, expires_at, absolute_expires_at)
        SELECT u.id, now() + interval '30 days', now() + interval '30 days' FROM users u WHERE u.email LIKE 'many-%'`,
      sql`INSERT INTO identities (user_id, provider, issuer, subject)
        SELECT u.id, 'local', 'https://many.example', u.id::text FROM users u WHERE u.email LIKE 'many-%'`,
      sql`ANALYZE users, sessions, identities`,
    ]);
    const plans = await plansOf(databaseUrl(), () => client.get(path, { cookies }));
    expect(plans).toHaveLength(1);
    expectIndexed(plans.flat());
  });
});

describe('GET /dev/sign-in?error=', () => {
  const told: [code: string, sentence: RegExp][] = [
    ['access_denied', /cancelled at the provider, or the account is banned/],
    ['provider_error', /log of the service says why/],
    ['transaction_invalid', /has expired, was completed already, or was begun elsewhere/],
    ['email_not_verified', /Verify it at the provider/],
    ['account_exists', /Sign in to it in another way, and link the provider there/],
    ['registration_closed', /REGISTRATION is closed/],
    ['two_factor_required', /POST \/api\/auth\/login\/two-factor/],
    ['rate_limited', /Wait for a while/],
    ['reauthentication_required', /Confirm below who you are/],
    ['identity_already_linked', /Remove that one first/],
  ];

  test.each(told)('%s says what to do', async (code, sentence) => {
    const answer = await client.get(`${path}?error=${code}`);
    expect(answer.status).toBe(200);
    expect(alertOf(answer)).toMatch(sentence);
    const { cookies } = await signedInPerson();
    const own = await client.get(`${path}?error=${code}`, { cookies });
    expect([titleOf(own), alertOf(own)]).toEqual([signedIn, alertOf(answer)]);
  });

  test.each(['', 'constructor', '__proto__', '<b>evil</b>', 'evil', 'token_invalid'])(
    'an unknown code is told by one sentence that has nothing of it: %s (HDR-04)',
    async (code) => {
      const answer = await client.get(`${path}?error=${encodeURIComponent(code)}`);
      expect(answer.status).toBe(200);
      expect(alertOf(answer)).toBe('The sign-in did not succeed. Please try again.');
      expect(answer.text).not.toMatch(/evil|token_invalid/);
    },
  );

  test('is where a sign-in that was cancelled at the provider ends', async () => {
    const visitor = { email: freshEmail(), isCancelled: true };
    const answer = await signInAtLocalIssuer(client, 'local', visitor, { query: { redirectTo: path } });
    expect(answer.headers.get('Location')).toBe(`${baseUrl}${path}?error=access_denied`);
  });
});

describe('POST /dev/sign-in', () => {
  test('link shows the way to the provider, and begins the visit in this browser', async () => {
    const { cookies } = await signedInPerson();
    const answer = await press({ action: 'link', provider: 'second' }, cookies);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.roundTrips).toBe(1);
    expect(titleOf(answer)).toBe('On to Second issuer');
    const { 'Continue to Second issuer': href = '', Back: back } = linksOf(answer);
    expect(back).toBe(path);
    const url = new URL(href);
    expect(url.searchParams.get('redirect_uri')).toBe(`${baseUrl}/api/auth/oauth/second/callback`);
    expect(Object.keys(visitCookies(answer))).toHaveLength(1);
    expect(answer.setCookies).toEqual([expect.stringMatching(/; SameSite=Lax;/)]);
    const byForm = await press({ action: 'link', provider: 'local-post' }, cookies);
    expect(byForm.setCookies).toEqual([expect.stringMatching(/; SameSite=None;/)]);
  });

  test('link ends on the page, with both providers', async () => {
    const { cookies } = await signedInPerson();
    const answer = await linkSecond(cookies);
    expect(landing(answer)).toMatchObject({ url: `${baseUrl}${path}`, error: null });
    expect(buttonsOf(await client.get(path, { cookies }))).toEqual([
      'Remove Local issuer',
      'Remove Second issuer',
      'Link Local issuer by form',
      'Sign out',
    ]);
  });

  test('link of a provider that is linked is refused, and so is one that there is not', async () => {
    const { cookies } = await signedInPerson();
    const linked = await press({ action: 'link', provider: 'local' }, cookies);
    expect([linked.status, titleOf(linked)]).toEqual([409, signedIn]);
    expect(alertOf(linked)).toContain('Remove that one first');
    const unknown = await press({ action: 'link', provider: 'nobody' }, cookies);
    expect([unknown.status, alertOf(unknown)]).toEqual([404, 'Not found.']);
    expect([...linked.setCookies, ...unknown.setCookies]).toEqual([]);
  });

  test('remove takes one sign-in away, and shows the page anew', async () => {
    const { cookies } = await signedInPerson();
    await linkSecond(cookies);
    const answer = await press({ action: 'remove', provider: 'local' }, cookies);
    expect([answer.status, answer.headers.get('Location'), answer.roundTrips]).toEqual([303, path, 1]);
    const shown = await client.get(path, { cookies });
    expect(buttonsOf(shown)).toContain('Link Local issuer');
    expect(buttonsOf(shown)).toContain('Remove Second issuer');
    const again = await press({ action: 'remove', provider: 'local' }, cookies);
    expect([again.status, alertOf(again)]).toEqual([404, 'Your account has no sign-in at this provider.']);
  });

  test('remove of the last one is refused, and the page says what to do first', async () => {
    const { cookies } = await signedInPerson();
    const answer = await press({ action: 'remove', provider: 'local' }, cookies);
    expect([answer.status, titleOf(answer)]).toEqual([409, signedIn]);
    expect(alertOf(answer)).toBe(
      'This is the only way to sign in to your account. Set a password or link another provider first.',
    );
    expect(buttonsOf(answer)).toContain('Remove Local issuer');
  });

  test.each(['link', 'remove'])('%s a while after the sign-in asks to confirm it first', async (action) => {
    const { email, cookies } = await signedInPerson();
    await linkSecond(cookies);
    await makeStale(email);
    const provider = action === 'link' ? 'local-post' : 'second';
    const answer = await press({ action, provider }, cookies);
    expect([answer.status, titleOf(answer)]).toEqual([403, signedIn]);
    expect(alertOf(answer)).toContain('Confirm below who you are');
    expect(buttonsOf(answer).slice(0, 2)).toEqual(['Confirm at Local issuer', 'Confirm at Second issuer']);
    expect(linksOf(answer)).toEqual({
      'Sign in again with Local issuer': '/api/auth/oauth/local?redirectTo=/dev/sign-in',
      'Sign in again with Second issuer': '/api/auth/oauth/second?redirectTo=/dev/sign-in',
    });
    expect(answer.setCookies).toEqual([]);
  });

  test('confirm leads to the provider and back, and then the account can be changed', async () => {
    const { email, cookies } = await signedInPerson();
    await linkSecond(cookies);
    await makeStale(email);
    const answer = await press({ action: 'confirm', provider: 'local' }, cookies);
    expect(answer.status, answer.text).toBe(200);
    const visit = begunVisit('local', answer, linksOf(answer)['Continue to Local issuer'] ?? '');
    expect(visit.url.searchParams.get('prompt')).toBe('login');
    const back = await followBack(client, visit, await signInAtIssuer(visit.url.href, { email }), {
      cookies,
    });
    expect(landing(back)).toMatchObject({ url: `${baseUrl}${path}`, error: null });
    const removed = await press({ action: 'remove', provider: 'second' }, authCookies(back));
    expect(removed.status).toBe(303);
  });

  test('confirm at a provider that is not linked is refused', async () => {
    const { cookies } = await signedInPerson();
    const answer = await press({ action: 'confirm', provider: 'second' }, cookies);
    expect([answer.status, titleOf(answer)]).toEqual([404, signedIn]);
  });

  test('a provider that cannot be used is told on the page', async () => {
    const log = recordLog();
    const { cookies } = await signedInPerson();
    const [local] = localProviders() as [object];
    const gone = { ...local, id: 'gone', name: 'Gone', issuer: 'http://127.0.0.1:9' };
    const other = new TestClient({ EMAIL_VERIFICATION: 'off', ...withProviders([gone]) });
    const answer = await other.submit(path, { action: 'link', provider: 'gone' }, { cookies });
    expect([answer.status, titleOf(answer)]).toEqual([502, signedIn]);
    expect(alertOf(answer)).toContain('could not be used');
    expect(log).toEqual([expect.stringContaining('identity_provider_failed')]);
    const half = new TestClient({ GITHUB_CLIENT_ID: 'half' });
    const off = await half.submit(path, { action: 'link', provider: 'github' }, { cookies });
    expect([off.status, titleOf(off)]).toEqual([503, 'That did not work']);
    expect(log[1]).toContain('GITHUB_CLIENT_SECRET');
  });

  test('sign out ends the session, and clears the cookies', async () => {
    const { cookies } = await signedInPerson();
    const answer = await press({ action: 'sign_out' }, cookies);
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, path]);
    expect(answer.setCookies).toEqual([
      expect.stringMatching(/^__Host-nexora_access=;.*Max-Age=0/),
      expect.stringMatching(/^__Host-nexora_refresh=;.*Max-Age=0/),
    ]);
    expect((await client.get('/api/auth/me', { cookies })).status).toBe(401);
    expect((await client.post('/api/auth/refresh', {}, { cookies })).status).toBe(401);
  });

  test('sign out ends a session whose access token has expired', async () => {
    const { cookies } = await signedInPerson();
    const { '__Host-nexora_refresh': refreshToken = '' } = cookies;
    await press({ action: 'sign_out' }, { '__Host-nexora_refresh': refreshToken });
    expect((await client.get('/api/auth/me', { cookies })).status).toBe(401);
  });

  test.each([
    { action: 'link', provider: 'second' },
    { action: 'confirm', provider: 'local' },
    { action: 'remove', provider: 'local' },
  ])('$action without a session shows the page of the signed out', async (form) => {
    const answer = await press(form);
    expect([answer.status, titleOf(answer), answer.roundTrips]).toEqual([401, signedOut, 0]);
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
    const { cookies } = await signedInPerson();
    await client.post('/api/auth/logout', {}, { cookies });
    const ended = await press(form, cookies);
    expect([ended.status, titleOf(ended), alertOf(ended)]).toEqual([
      401,
      signedOut,
      'Authentication is required.',
    ]);
    expect((await press({ action: 'sign_out' })).status).toBe(303);
  });

  test('refuses a form from a foreign page, and acts on no cookie for a listed one or none (CSR-01, CSR-05)', async () => {
    const { cookies } = await signedInPerson();
    await linkSecond(cookies);
    const evil = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' };
    for (const action of ['remove', 'link', 'confirm', 'sign_out']) {
      const form = action === 'sign_out' ? { action } : { action, provider: 'local' };
      const foreign = await press(form, cookies, evil);
      expect([foreign.status, foreign.roundTrips], action).toEqual([403, 0]);
      const listed = await press(form, cookies, { Origin: 'https://app.test' });
      expect([listed.status, listed.roundTrips], action).toEqual([action === 'sign_out' ? 303 : 401, 0]);
      expect(listed.setCookies, action).toEqual([]);
      const unsaid = await client.call('POST', path, { form, headers: { Cookie: cookieHeader(cookies) } });
      expect([unsaid.status, unsaid.roundTrips], action).toEqual([action === 'sign_out' ? 303 : 401, 0]);
    }
    expect(buttonsOf(await client.get(path, { cookies }))).toContain('Remove Local issuer');
  });

  test.each([
    { action: 'remove', provider: '../admin' },
    { action: 'remove', provider: 'x'.repeat(51) },
    { action: 'remove' },
    { action: 'link', provider: 'local', redirectTo: 'https://evil.example' },
  ])('takes nothing but what its buttons post: %o (INP-02)', async (form) => {
    const { cookies } = await signedInPerson();
    const answer = await press(form as Record<string, string>, cookies);
    expect([answer.status, answer.roundTrips]).toEqual([400, 0]);
    expect(answer.text).not.toContain('evil');
  });
});

test('production has no such page, whoever is signed in', async () => {
  const { cookies } = await signedInPerson();
  const live = new TestClient({
    ...providerVariables([]),
    ENVIRONMENT: 'production',
    MAIL_TRANSPORT: undefined,
  });
  expect((await live.get(path, { cookies })).status).toBe(404);
  const answer = await live.submit(path, { action: 'sign_out' }, { cookies });
  expect([answer.status, answer.roundTrips]).toEqual([404, 0]);
  expect(answer.setCookies).toEqual([]);
  expect(titleOf(await client.get(path, { cookies }))).toBe(signedIn);
});
