import { describe, expect, test } from 'vitest';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { freshEmail } from '../../support/accounts.ts';
import { authCookies, cookieValue, TestClient } from '../../support/client.ts';
import { led, sectionOf } from '../../support/hosted-pages.ts';
import { alertOf, linksOf, mainOf, readMain, titleOf } from '../../support/shown-page.ts';
import { landing, localProviders, signInAtLocalIssuer, withIssuers } from '../../support/social.ts';
import { baseUrl } from '../../support/test-env.ts';
import { freshCode, twoFactorUser } from '../../support/two-factor.ts';
import { challengeCookie, expectAsked } from '../two-factor/calls.ts';
import { arrive, freshSubject, socialClient } from './people.ts';

const client = new TestClient({ EMAIL_VERIFICATION: 'off', ...withIssuers(localProviders()) });
const en = pageLanguages.en!;

/** What leads to providers, by its text. */
function waysOf(answer: { readonly text: string }): [text: string, href: string][] {
  return Object.entries(linksOf(answer)).filter(([, href]) => href.startsWith('/api/auth/oauth/'));
}

function startOf(provider: string, redirectTo: string): string {
  return `/api/auth/oauth/${provider}?${new URLSearchParams({ redirectTo })}`;
}

describe.each(['/login', '/register'])('GET %s', (path) => {
  test('has a link for each provider, in their order, and asks nobody', async () => {
    const answer = await client.get(path);
    expect([answer.status, answer.roundTrips, answer.setCookies]).toEqual([200, 0, []]);
    expect(waysOf(answer)).toEqual([
      ['Continue with Local issuer', startOf('local', '/login')],
      ['Continue with Local issuer by form', startOf('local-post', '/login')],
      ['Continue with Second issuer', startOf('second', '/login')],
    ]);
  });

  test('has links that come back to the sign-in with its target', async () => {
    for (const target of ['/account/sessions?cursor=1&x=2', 'https://app.test/inbox']) {
      const answer = await client.get(`${path}?${new URLSearchParams({ redirectTo: target })}`);
      const returnTo = `/login?${new URLSearchParams({ redirectTo: target })}`;
      expect(waysOf(answer)[0]).toEqual(['Continue with Local issuer', startOf('local', returnTo)]);
    }
  });

  test('has links that come back to the target itself where both together would be too long', async () => {
    const target = `/account?${'%26'.repeat(250)}`;
    const answer = await client.get(`${path}?${new URLSearchParams({ redirectTo: target })}`);
    const [[, href] = ['', '']] = waysOf(answer);
    expect(href).toBe(startOf('local', target));
    const begun = await client.get(href);
    expect(begun.status, begun.text).toBe(302);
  });

  test('has links that can be followed where the target is as long as it may be', async () => {
    for (const target of [`/account?${'a'.repeat(1010)}`, `/account?${'ä'.repeat(180)}`]) {
      const answer = await client.get(`${path}?${new URLSearchParams({ redirectTo: target })}`);
      const [[, href] = ['', '']] = waysOf(answer);
      expect((await client.get(href)).status, target).toBe(302);
    }
  });

  test('has no such links where none is configured, or one in part', async () => {
    for (const overrides of [{}, { GITHUB_CLIENT_ID: 'half', OIDC_PROVIDERS: '[{}]' }]) {
      const answer = await new TestClient(overrides).get(path);
      expect(answer.status).toBe(200);
      expect(waysOf(answer)).toEqual([]);
      expect(mainOf(answer)).not.toContain('class="or"');
    }
  });
});

describe('a sign-in by a link of /login', () => {
  const signInFrom = async (redirectTo: string | undefined) => {
    const query = redirectTo === undefined ? '' : `?${new URLSearchParams({ redirectTo })}`;
    const [[, href] = ['', '']] = waysOf(await client.get(`/login${query}`));
    const returnTo = new URL(href, baseUrl).searchParams.get('redirectTo')!;
    const visitor = { email: freshEmail(), name: 'Ada' };
    return signInAtLocalIssuer(client, 'local', visitor, { query: { redirectTo: returnTo } });
  };

  test('ends at the account', async () => {
    const answer = await signInFrom(undefined);
    expect(landing(answer)).toMatchObject({ url: `${baseUrl}/login`, error: null });
    const cookies = authCookies(answer);
    expect(led(await client.get('/login', { cookies }))).toEqual([303, `${baseUrl}/account`]);
    const shown = await client.get('/account', { cookies });
    expect(titleOf(shown)).toBe('Your account');
    expect(sectionOf(shown, 'identities')?.text).toContain('Local issuer');
  });

  test('ends at its target', async () => {
    const answer = await signInFrom('https://app.test/inbox?a=b');
    const { pathname, search } = new URL(landing(answer).url);
    expect(pathname).toBe('/login');
    const back = await client.get(pathname + search, { cookies: authCookies(answer) });
    expect(led(back)).toEqual([303, 'https://app.test/inbox?a=b']);
  });

  test('ends on the page again, with the reason, where it was cancelled at the provider', async () => {
    const visitor = { email: freshEmail(), isCancelled: true };
    const answer = await signInAtLocalIssuer(client, 'local', visitor, { query: { redirectTo: '/login' } });
    expect(answer.headers.get('Location')).toBe(`${baseUrl}/login?error=access_denied`);
    expect(alertOf(await client.get('/login?error=access_denied'))).toBe(
      en.fromProvider.signIn.access_denied,
    );
  });
});

describe('GET /login?error=', () => {
  const own = en.fromProvider.signIn;
  const told: [code: string, sentence: string][] = [
    ['access_denied', own.access_denied],
    ['provider_error', own.provider_error],
    ['transaction_invalid', own.transaction_invalid],
    ['account_exists', own.account_exists],
    ['registration_closed', own.registration_closed],
    ['email_not_verified', own.email_not_verified],
    ['two_factor_required', own.two_factor_required],
    ['rate_limited', own.rate_limited],
  ];

  test.each(told)('%s says what happened, in the language of the reader', async (code, sentence) => {
    const answer = await client.get(`/login?error=${code}`);
    expect([answer.status, titleOf(answer), alertOf(answer)]).toEqual([200, 'Sign in', sentence]);
    const german = await client.get(`/login?error=${code}`, { headers: { 'Accept-Language': 'de' } });
    expect(titleOf(german)).toBe('Anmelden');
    expect(alertOf(german)).not.toBe(pageLanguages.de!.fromProvider.signIn.otherwise);
    expect(alertOf(german)).not.toBe(sentence);
  });

  test.each([
    '',
    'constructor',
    '__proto__',
    '<b>evil</b>',
    'evil',
    'otherwise',
    'misconfigured',
    'internal_error',
  ])('an unknown code is told by one sentence that has nothing of it: %s (HDR-04)', async (code) => {
    const answer = await client.get(`/login?error=${encodeURIComponent(code)}`);
    expect([answer.status, alertOf(answer)]).toEqual([200, own.otherwise]);
    expect(readMain(answer)).not.toContain('evil');
  });
});

describe('a sign-in by a provider to an account with two-factor', () => {
  const pages = socialClient();

  test('leads to the second step with its challenge, and from there to the target', async () => {
    const user = await twoFactorUser(pages);
    const query = { redirectTo: 'https://app.test/inbox' };
    const answer = await arrive(pages, 'google', { sub: freshSubject(), email: user.email }, { query });
    const next = `/login/two-factor?${new URLSearchParams(query)}`;
    expect(led(answer)).toEqual([303, next]);
    expect(authCookies(answer)).toEqual({ '__Host-nexora_access': '', '__Host-nexora_refresh': '' });
    const cookies = { [challengeCookie]: cookieValue(answer, challengeCookie)! };
    expect(titleOf(await pages.get(next, { cookies }))).toBe('Second step');
    const form = { ...query, code: await freshCode(pages, user) };
    const done = await pages.submit('/login/two-factor', form, { cookies });
    expect(led(done)).toEqual([303, query.redirectTo]);
    const me = await pages.get('/api/auth/me', { cookies: authCookies(done) });
    expect([me.status, me.json.user.email]).toEqual([200, user.email]);
  });

  test('tells the application so, where that has pages of its own', async () => {
    const own = socialClient({ HOSTED_PAGES: 'false' });
    const user = await twoFactorUser(own);
    await expectAsked(own, user);
    const query = { redirectTo: 'https://app.test/inbox' };
    const answer = await arrive(own, 'google', { sub: freshSubject(), email: user.email }, { query });
    expect(landing(answer)).toMatchObject({ url: query.redirectTo, error: 'two_factor_required' });
    const cookies = { [challengeCookie]: cookieValue(answer, challengeCookie)! };
    const code = await freshCode(own, user);
    const done = await own.post('/api/auth/login/two-factor', { code }, { cookies });
    expect(done.status, done.text).toBe(200);
  });
});
