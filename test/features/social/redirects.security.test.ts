import { describe, expect, test } from 'vitest';
import { isFull } from '../../contract/route-choice.ts';
import { registerUser } from '../../support/accounts.ts';
import type { Answer } from '../../support/client.ts';
import { begin, begunVisit, codeFor, comeBack, landing, standInProvider } from '../../support/social.ts';
import { tokenRequestsWith } from '../../support/stand-ins.ts';
import { clientWith } from './expectations.ts';

const appRedirect = 'com.example.app:/signed-in';
const client = clientWith([standInProvider('good-redirects')], {
  ALLOWED_ORIGINS: 'https://app.test,https://good.example',
  APP_REDIRECTS: `${appRedirect},https://links.example/app`,
});
const start = '/api/auth/oauth/acme';

/** Addresses that lead elsewhere, or that some parser takes for one that does. */
const hostile = [
  ...['//evil.example', '///evil.example', '////evil.example', '/\\evil.example', '\\\\evil.example'],
  ...['\\/evil.example', '/\\/evil.example', '//evil.example/..', '//\\evil.example', '/\t/evil.example'],
  ...['/\n/evil.example', '/\r/evil.example', '\t//evil.example', ' //evil.example', '\u00a0//evil.example'],
  ...[
    '/\u2028/evil.example',
    '\u0000//evil.example',
    'https:evil.example',
    'https:/evil.example',
    'evil.example',
  ],
  ...['https:\\\\evil.example', 'https://evil.example', 'http://evil.example', 'HTTPS://EVIL.EXAMPLE'],
  ...['javascript:alert(1)', 'JavaScript:alert(1)', 'java\nscript:alert(1)', ' javascript:alert(1)'],
  ...['data:text/html,x', 'vbscript:x', 'file:///etc/passwd', 'ftp://good.example', 'wss://good.example'],
  ...[
    'blob:https://good.example/x',
    'view-source:https://good.example',
    'about:blank',
    'intent://x#Intent;end',
  ],
  ...['https://good.example@evil.example', 'https://good.example:x@evil.example', 'https://x@good.example'],
  ...[
    'https://good.example.evil.example',
    'https://evilgood.example',
    'https://good.example.',
    'https://good.example:8443',
  ],
  ...[
    'http://good.example',
    'https://sub.good.example',
    'https://good.example\\@evil.example',
    'https://good.example\t',
  ],
  ...[
    'https://good.example%00.evil.example',
    'https://good.example%2eevil.example',
    'https://[::1]',
    'https://',
    'https:///good.example',
  ],
  ...[
    'https://evil.example/https://good.example',
    'https://evil.example?https://good.example',
    'https://evil.example#@good.example',
  ],
  ...[
    'http://auth.test',
    'https://auth.test.evil.example',
    'https://auth.test@evil.example',
    '?redirect=//evil',
    '#//evil',
  ],
  ...['home', './home', '../home', '', appRedirect, 'com.example.app:/other', 'https://links.example/app'],
];

function expectRefused({ status, json, headers, setCookies }: Answer): void {
  expect([status, json?.code]).toEqual([400, 'validation_failed']);
  expect(json.errors[0].pointer).toBe('/redirectTo');
  expect(headers.get('Location')).toBeNull();
  expect(setCookies).toEqual([]);
}

describe('where a visit to a provider may end (OAU-10)', () => {
  test.each(hostile)('is not %j', async (redirectTo) => {
    expectRefused(await client.get(`${start}?redirectTo=${encodeURIComponent(redirectTo)}`));
  });

  test('is not longer than a cookie can keep, nor ill-formed', async () => {
    for (const [redirectTo, expected] of [
      [`/${'a'.repeat(1024)}`, [400, 'validation_failed']],
      [`https://good.example/${'a'.repeat(1024)}`, [400, 'validation_failed']],
      [`/${'a'.repeat(10_240)}`, [414, 'uri_too_long']],
    ] as const) {
      const { status, json } = await client.get(`${start}?redirectTo=${redirectTo}`);
      expect([status, json?.code]).toEqual(expected);
    }
    const { json } = await registerUser(client);
    for (const [redirectTo, code] of [
      [`/${'a'.repeat(10_240)}`, 'validation_failed'],
      ['/home\ud800', 'malformed_json'],
    ]) {
      const answer = await client.post(`${start}/link`, { redirectTo }, { bearer: json.accessToken });
      expect([answer.status, answer.json?.code]).toEqual([400, code]);
    }
  });

  test('is the same question where a visit is for a session: at a link and at a re-authentication', async () => {
    const { json } = await registerUser(client);
    for (const purpose of ['link', 'reauthenticate'])
      for (const redirectTo of hostile.filter((_, index) => isFull || index % 8 === 0))
        expectRefused(await client.post(`${start}/${purpose}`, { redirectTo }, { bearer: json.accessToken }));
    for (const redirectTo of [['/home'], { href: '/home' }, 1, null, true])
      expectRefused(await client.post(`${start}/link`, { redirectTo }, { bearer: json.accessToken }));
  });

  test.each([
    ...['redirectTo=/a&redirectTo=/b', 'redirectTo=/a&redirectTo=//evil.example', 'redirectTo[]=/a'],
    ...['redirectTo=', 'redirectto=/a', 'returnTo=//evil.example', 'redirect_uri=//evil.example', 'next=/a'],
    ...[
      'redirectTo=%',
      'redirectTo=%ff',
      'redirectTo=%c0%af%c0%afevil.example',
      'redirectTo[x]=/a',
      '__proto__=/a',
    ],
  ])('is refused, and breaks nothing, as %s', async (query) => {
    const answer = await client.get(`${start}?${query}`);
    expect([answer.status, answer.json?.code]).toEqual([400, 'validation_failed']);
    expect(answer.headers.get('Location')).toBeNull();
  });

  test.each([
    [undefined, 'https://auth.test/account'],
    ['/', 'https://auth.test/'],
    ['/home?tab=1#top', 'https://auth.test/home?tab=1#top'],
    ['/a?next=https://evil.example', 'https://auth.test/a?next=https://evil.example'],
    ['/%2f%2fevil.example', 'https://auth.test/%2f%2fevil.example'],
    ['/%5cevil.example', 'https://auth.test/%5cevil.example'],
    ['/./home/../x', 'https://auth.test/x'],
    ['/.//evil.example', 'https://auth.test//evil.example'],
    ['/@evil.example', 'https://auth.test/@evil.example'],
    ['https://auth.test/home', 'https://auth.test/home'],
    ['https://auth.test', 'https://auth.test/'],
    ['https://app.test/x?y=1', 'https://app.test/x?y=1'],
    ['https://good.example/a//b', 'https://good.example/a//b'],
    ['https://good.example:443/', 'https://good.example/'],
    ['https://GOOD.example/', 'https://good.example/'],
  ])(
    'may be %s, an address of our own or of a listed origin, and is %s then',
    async (redirectTo, expected) => {
      const visit = await begin(client, 'acme', redirectTo === undefined ? {} : { redirectTo });
      const answer = await comeBack(client, visit, { code: codeFor(visit) });
      expect([answer.status, answer.headers.get('Location')]).toEqual([303, expected]);
      const { protocol } = new URL(answer.headers.get('Location')!);
      expect(protocol).toBe('https:');
    },
  );

  test('of a failure is the same: an error leads nowhere else, and replaces one that was there', async () => {
    const visit = await begin(client, 'acme', { redirectTo: '/home?error=none&code=x&tab=1' });
    const answer = await comeBack(client, visit, { error: 'access_denied', redirectTo: '//evil.example' });
    expect(answer.headers.get('Location')).toBe('https://auth.test/home?tab=1&error=access_denied');
    const stray = await comeBack(client, { ...visit, cookies: {} }, { redirectTo: 'https://good.example' });
    expect(stray.headers.get('Location')).toBe('https://auth.test/account?error=transaction_invalid');
  });
});

describe('where an app gets its code (OAU-10)', () => {
  const app = { transport: 'body', codeChallenge: 'c'.repeat(43) };

  test.each([appRedirect, 'https://links.example/app', 'https://app.test/in', '/in'])(
    'is a listed address: %s',
    async (redirectTo) => {
      const visit = await begin(client, 'acme', { ...app, redirectTo });
      const answer = await comeBack(client, visit, { code: codeFor(visit) });
      const { url, code, error } = landing(answer);
      expect([url, error]).toEqual([new URL(redirectTo, 'https://auth.test').href, null]);
      expect(code).toMatch(/^nxo_/);
      const failed = await comeBack(client, await begin(client, 'acme', { ...app, redirectTo }), {
        error: 'access_denied',
      });
      expect(landing(failed)).toMatchObject({ url, error: 'access_denied', code: null });
    },
  );

  test.each([
    ...[
      `${appRedirect}/`,
      `${appRedirect}?x=1`,
      `${appRedirect}#x`,
      `${appRedirect}/../other`,
      ` ${appRedirect}`,
    ],
    ...[
      'com.example.app:/other',
      'com.example.app://signed-in',
      'COM.example.app:/signed-in',
      'other.app:/signed-in',
    ],
    ...[
      'https://links.example/app/',
      'https://links.example/app?x',
      'https://links.example/other',
      'https://links.example',
    ],
    ...['javascript:alert(1)', '//evil.example', 'https://evil.example/app'],
  ])('is that to the letter, and not %j', async (redirectTo) => {
    expectRefused(await client.get(`${start}?${new URLSearchParams({ ...app, redirectTo })}`));
  });

  test('belongs to a challenge: without one, or with one alone, nothing begins', async () => {
    for (const query of [
      { transport: 'cookie', redirectTo: appRedirect },
      { transport: 'body' },
      { codeChallenge: app.codeChallenge },
      { transport: 'cookie', codeChallenge: app.codeChallenge },
      { ...app, codeChallenge: 'c'.repeat(42) },
      { ...app, codeChallenge: `${'c'.repeat(42)}=` },
    ] as Record<string, string>[]) {
      const answer = await client.get(`${start}?${new URLSearchParams({ redirectTo: '/in', ...query })}`);
      expect([answer.status, answer.json?.code], JSON.stringify(query)).toEqual([400, 'validation_failed']);
    }
  });
});

describe('the redirect URI at a provider (OAU-11)', () => {
  test.each(['acme', 'google', 'github', 'microsoft', 'apple'])(
    'is of the configuration and of that provider alone, whatever a request says of its host: %s',
    async (provider) => {
      const headers = {
        ...{ Host: 'evil.example', 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'http' },
        ...{ Forwarded: 'host=evil.example;proto=http', 'X-Original-Host': 'evil.example' },
        ...{ 'X-Forwarded-Port': '81', 'X-Forwarded-Prefix': '/evil', 'X-Rewrite-URL': '/evil' },
      };
      const expected = `https://auth.test/api/auth/oauth/${provider}/callback`;
      const visit = await begin(client, provider, {}, { headers });
      expect(visit.url.searchParams.getAll('redirect_uri')).toEqual([expected]);
      expect(visit.url.href).not.toContain('evil');
      const code = codeFor(visit);
      const answer = await comeBack(client, visit, { code }, { headers });
      expect(answer.headers.get('Location')).toMatch(/^https:\/\/auth\.test\/account/);
      const [request] = await tokenRequestsWith(code);
      expect(request!.parameters.redirect_uri).toBe(expected);
    },
  );

  test('does not follow the address that a request was sent to', async () => {
    const url = 'https://evil.example/api/auth/oauth/acme?redirectTo=/home';
    const answer = await client.send(new Request(url));
    const visit = begunVisit('acme', answer, answer.headers.get('Location')!);
    expect(visit.url.searchParams.get('redirect_uri')).toBe(`https://auth.test${start}/callback`);
    const ended = await comeBack(client, visit, { error: 'access_denied' });
    expect(ended.headers.get('Location')).toBe('https://auth.test/home?error=access_denied');
  });
});

describe('the parameters of an authorization request (OAU-12)', () => {
  test.each([
    ...['state', 'nonce', 'redirect_uri', 'client_id', 'response_type', 'response_mode', 'scope', 'prompt'],
    ...[
      'code_challenge',
      'code_challenge_method',
      'code_verifier',
      'max_age',
      'login_hint',
      'request',
      'request_uri',
    ],
    ...['claims', 'acr_values', 'access_type', 'hd', 'code', 'iss', 'provider', 'id_token_hint'],
  ])('are not to be set from outside: %s', async (name) => {
    const answer = await client.get(`${start}?${name}=evil`);
    expect([answer.status, answer.json?.code]).toEqual([400, 'validation_failed']);
    expect(answer.headers.get('Location')).toBeNull();
  });

  test('are each there once, and no others than the provider needs', async () => {
    const own = ['client_id', 'code_challenge', 'code_challenge_method', 'nonce', 'redirect_uri'];
    const needed = [...own, 'response_type', 'scope', 'state'];
    for (const [provider, more] of [
      ...['acme', 'google', 'github', 'microsoft'].map((id) => [id, []] as const),
      ['apple', ['response_mode']] as const,
    ]) {
      const { url } = await begin(client, provider);
      expect([...url.searchParams.keys()].toSorted()).toEqual([...needed, ...more].toSorted());
    }
    const hint = 'a&state=x&redirect_uri=https://evil.example#';
    const { url } = await begin(client, 'acme', { loginHint: hint });
    expect([...url.searchParams.keys()].toSorted()).toEqual([...needed, 'login_hint'].toSorted());
    expect(url.searchParams.get('login_hint')).toBe(hint);
    expect(url.hash).toBe('');
    const answer = await client.get(`${start}?loginHint=${encodeURIComponent('a\r\nX: y')}`);
    expect([answer.status, answer.json?.code]).toEqual([400, 'validation_failed']);
  });
});
