import { beforeEach, describe, expect, test } from 'vitest';
import { recordLog } from '../../contract/recorded-log.ts';
import { authCookies } from '../../support/client.ts';
import { begin, codeFor, comeBack, comeBackByForm, landing, standInProvider } from '../../support/social.ts';
import {
  clientWith,
  countOf,
  expectNoSession,
  expectSentBack,
  freshSubject,
  signedInUser,
} from './expectations.ts';

// Each refusal is logged; test/features/social/log.test.ts reads what.
beforeEach(() => void recordLog());

const issuers = [
  standInProvider('good-callback'),
  standInProvider('good-callback-form', { id: 'by-form', responseMode: 'form_post' }),
];
const client = clientWith(issuers);

describe('GET and POST of a callback (OAU-13)', () => {
  const path = '/api/auth/oauth/acme/callback';

  test('refuse a parameter that comes twice, in the other place or in both', async () => {
    const { state, cookies } = await begin(client, 'acme');
    const code = 'x';
    const query = (pairs: string[][]) => `${path}?${new URLSearchParams(pairs)}`;
    for (const [name, value] of Object.entries({ state, code, iss: 'i', error: 'access_denied' })) {
      const others = Object.entries({ state, code }).filter(([key]) => key !== name);
      const twice = await client.get(query([...others, [name, value], [name, value]]), { cookies });
      expect([twice.status, twice.json?.code], name).toEqual([400, 'validation_failed']);
      for (const given of [value, 'another']) {
        const form = { state, code };
        const answer = await client.call('POST', query([[name, given]]), { form, cookies });
        expect([answer.status, answer.json?.code], name).toEqual([400, 'validation_failed']);
      }
    }
    const body = `state=${state}&code=a&code=b`;
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', Origin: 'https://acme.example' };
    const request = new Request(`https://auth.test${path}`, { method: 'POST', body, headers });
    const answer = await client.send(request);
    expect([answer.status, answer.json?.code]).toEqual([400, 'malformed_form']);
  });

  test('leave the visit as it was where they refuse the form of what came', async () => {
    const sub = freshSubject();
    const visit = await begin(client, 'acme');
    const { cookies } = visit;
    const refused = await client.get(`${path}?state=${visit.state}&code=a&code=b`, { cookies });
    expect(refused.setCookies).toEqual([]);
    await signedInUser(client, await comeBack(client, visit, { code: codeFor(visit, { sub }) }));
  });

  test('judge alike: whatever one refuses, the other refuses by the same code', async () => {
    for (const [parameters, error] of [
      [{}, 'provider_error'],
      [{ code: '' }, 'provider_error'],
      [{ error: 'server_error' }, 'provider_error'],
      [{ error: 'access_denied' }, 'access_denied'],
      [{ code: 'unknown' }, 'provider_error'],
      [{ code: 'x', iss: 'https://evil.example' }, 'provider_error'],
    ] as [Record<string, string>, string][])
      for (const come of [comeBack, comeBackByForm])
        expectSentBack(await come(client, await begin(client, 'acme'), parameters), error);
  });
});

describe('of ten callbacks at once with one state and one code (OAU-14)', () => {
  test.each([
    ['by GET', comeBack],
    ['by POST', comeBackByForm],
  ])('exactly one begins a session, for a new account and for one that exists: %s', async (_, come) => {
    const sub = freshSubject();
    for (const sessions of [1, 2]) {
      const visit = await begin(client, 'acme');
      const code = codeFor(visit, { sub, uses: 10 });
      const answers = await Promise.all(Array.from({ length: 10 }, () => come(client, visit, { code })));
      const lands = answers.map((answer) => landing(answer).error);
      expect(lands.filter((error) => error === null)).toHaveLength(1);
      expect(lands.filter((error) => error === 'transaction_invalid')).toHaveLength(9);
      expect(await countOf(sub)).toEqual({ sessions, users: 1 });
      for (const answer of answers) if (landing(answer).error !== null) expectNoSession(answer);
    }
  });
});

describe('the end of a visit (OAU-17)', () => {
  test('is a 303 to an address without code and state, which no Referer tells', async () => {
    for (const [provider, come] of [
      ['acme', comeBack],
      ['by-form', comeBackByForm],
    ] as const) {
      const visit = await begin(client, provider, { redirectTo: '/home?tab=1' });
      const code = codeFor(visit);
      const answer = await come(client, visit, { code, scope: 'openid', session_state: 'x' });
      expect([answer.status, answer.text]).toEqual([303, '']);
      expect(answer.headers.get('Location')).toBe('https://auth.test/home?tab=1');
      expect(answer.headers.get('Referrer-Policy')).toBe('no-referrer');
      expect(answer.headers.get('Cache-Control')).toContain('no-store');
      const failed = await come(client, await begin(client, provider), { error: 'access_denied', code: 'c' });
      expect(failed.headers.get('Location')).toBe('https://auth.test/account?error=access_denied');
      expect(failed.headers.get('Referrer-Policy')).toBe('no-referrer');
    }
  });
});

// From which pages it is taken, and that no other route takes one, is in test/contract/csrf.test.ts.
describe('a form that the page of a provider posts (CSR-10)', () => {
  test('signs nobody in as somebody else: a visit that an attacker began is not theirs (OAU-01)', async () => {
    const [attacker, victim] = [await begin(client, 'by-form'), await begin(client, 'by-form')];
    const sub = freshSubject();
    const code = codeFor(attacker, { sub });
    const { state } = attacker;
    const answer = await comeBackByForm(client, { ...attacker, cookies: victim.cookies }, { code, state });
    expectSentBack(answer, 'transaction_invalid');
    expect(await countOf(sub)).toEqual({ sessions: 0, users: 0 });
  });

  test('does not end the session that a browser has when it is refused', async () => {
    const visit = await begin(client, 'by-form');
    const first = await comeBackByForm(client, visit, { code: codeFor(visit) });
    const cookies = authCookies(first);
    const again = await comeBackByForm(client, visit, { code: 'x' }, { cookies });
    expect(landing(again).error).not.toBeNull();
    await signedInUser(client, first);
  });
});
