import { beforeEach, describe, expect, test } from 'vitest';
import { recordLog } from '../../contract/recorded-log.ts';
import type { Answer } from '../../support/client.ts';
import {
  begin,
  codeFor,
  comeBack,
  comeBackAsAsked,
  comeBackByForm,
  landing,
  signInAtStandIn,
  standInProvider,
  visitCookies,
} from '../../support/social.ts';
import { tokenRequestsWith } from '../../support/stand-ins.ts';
import { clientWith, countOf, expectSentBack, freshSubject, signedInUser } from './expectations.ts';

// Each refusal is logged; test/features/social/log.test.ts reads what.
beforeEach(() => void recordLog());

const issuers = [
  standInProvider('good-visit'),
  standInProvider('good-other', { id: 'other' }),
  standInProvider('good-form', { id: 'by-form', responseMode: 'form_post' }),
];
const client = clientWith(issuers);

const visitPrefix = '__Host-nexora_oauth_';
const ofVisits = ({ setCookies }: Answer) => setCookies.filter((line) => line.startsWith(visitPrefix));

describe('the state of a visit to a provider (OAU-01)', () => {
  test('is worth nothing in another browser: the code is not even redeemed', async () => {
    const sub = freshSubject();
    const visit = await begin(client, 'acme');
    const code = codeFor(visit, { sub });
    expectSentBack(await comeBack(client, { ...visit, cookies: {} }, { code }), 'transaction_invalid');
    const own = await begin(client, 'acme');
    expectSentBack(
      await comeBack(client, { ...visit, cookies: own.cookies }, { code }),
      'transaction_invalid',
    );
    expect(await tokenRequestsWith(code)).toEqual([]);
    expect(await countOf(sub)).toEqual({ sessions: 0, users: 0 });
  });

  test('does not open the cookie of another state, under whatever name it comes', async () => {
    const [victim, attacker] = [await begin(client, 'acme'), await begin(client, 'acme')];
    const [name] = Object.keys(attacker.cookies);
    const [sealed] = Object.values(victim.cookies);
    const code = codeFor(victim);
    const mixed = { ...attacker, cookies: { [name!]: sealed! } };
    expectSentBack(await comeBack(client, mixed, { code }), 'transaction_invalid');
    expect(await tokenRequestsWith(code)).toEqual([]);
  });

  test('is refused when it is used again, although browser and provider would take it', async () => {
    const sub = freshSubject();
    const visit = await begin(client, 'acme');
    const code = codeFor(visit, { sub, uses: 3 });
    await signedInUser(client, await comeBack(client, visit, { code }));
    expectSentBack(await comeBack(client, visit, { code }), 'transaction_invalid');
    expectSentBack(await comeBackByForm(client, visit, { code }), 'transaction_invalid');
    expect(await countOf(sub)).toEqual({ sessions: 1, users: 1 });
  });

  test('lives for ten minutes, and not a second longer', async () => {
    const moved = (ms: number) => clientWith(issuers, {}, { now: () => Date.now() + ms });
    const sub = freshSubject();
    const [late, inTime] = [await begin(client, 'google'), await begin(client, 'acme')];
    const code = codeFor(late, { sub });
    expectSentBack(await comeBack(moved(600_000), late, { code }), 'transaction_invalid');
    expect(await tokenRequestsWith(code)).toEqual([]);
    const answer = await comeBack(moved(590_000), inTime, { code: codeFor(inTime, { sub }) });
    expect(landing(answer).error).toBeNull();
  });

  test('is random, and no forged, foreign, missing or altered one passes', async () => {
    const visits = await Promise.all(Array.from({ length: 20 }, () => begin(client, 'acme')));
    for (const pick of ['state', 'nonce', 'codeChallenge'] as const)
      expect(new Set(visits.map((visit) => visit[pick])).size).toBe(20);
    const [visit] = visits as [(typeof visits)[number]];
    const last = visit.state.endsWith('A') ? 'E' : 'A';
    const foreign = await begin(clientWith(issuers, { AUTH_SECRET: btoa('x'.repeat(32)) }), 'acme');
    for (const state of ['', 'x', visit.state.slice(0, -1) + last, foreign.state, `${visit.state}=`]) {
      const code = codeFor(visit);
      expectSentBack(await comeBack(client, { ...visit, state }, { code }), 'transaction_invalid');
      expect(await tokenRequestsWith(code)).toEqual([]);
    }
  });

  test('of a visit that failed or was called off is used up in that browser', async () => {
    const visit = await begin(client, 'acme');
    const denied = await comeBack(client, visit, { error: 'access_denied' });
    expectSentBack(denied, 'access_denied');
    expect(visitCookies(denied)).toEqual({ [Object.keys(visit.cookies)[0]!]: '' });
  });
});

describe('a visit to a provider (OAU-02)', () => {
  test('ends at the provider where it began: at the callback of another one it is refused', async () => {
    const sub = freshSubject();
    const visit = await begin(client, 'acme');
    const code = codeFor(visit, { sub });
    for (const provider of ['other', 'google', 'github', 'by-form'])
      expectSentBack(await comeBack(client, { ...visit, provider }, { code }), 'transaction_invalid');
    expectSentBack(
      await comeBackByForm(client, { ...visit, provider: 'apple' }, { code }),
      'transaction_invalid',
    );
    expect(await tokenRequestsWith(code)).toEqual([]);
    expect(await countOf(sub)).toEqual({ sessions: 0, users: 0 });
  });

  test('takes the ID token of its own nonce alone, and redeems a code by its own verifier alone', async () => {
    const [visit, another] = [await begin(client, 'acme'), await begin(client, 'acme')];
    for (const wrong of [{ nonce: another.nonce }, { codeChallenge: another.codeChallenge }]) {
      const own = await begin(client, 'acme');
      const code = codeFor(own, { ...wrong });
      expectSentBack(await comeBack(client, own, { code }), 'provider_error');
      expect(await tokenRequestsWith(code)).toHaveLength(1);
    }
    expect(visit.nonce).not.toBe(another.nonce);
  });
});

describe('PKCE (OAU-03)', () => {
  test.each(['acme', 'by-form', 'google', 'github', 'microsoft', 'apple'])(
    'goes with every visit as S256, and its verifier to the token endpoint alone: %s',
    async (provider) => {
      const [visit, another] = [await begin(client, provider), await begin(client, provider)];
      expect(visit.url.searchParams.get('code_challenge_method')).toBe('S256');
      expect(visit.codeChallenge).toMatch(/^[\w-]{43}$/);
      expect(another.codeChallenge).not.toBe(visit.codeChallenge);
      const code = codeFor(visit);
      const answer = await comeBackAsAsked(client, visit, { code });
      expect(await tokenRequestsWith(code)).toHaveLength(1);
      const [request] = await tokenRequestsWith(code);
      const verifier = request!.parameters.code_verifier!;
      expect(verifier).toMatch(/^[\w.~-]{43,128}$/);
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
      expect(btoa(String.fromCharCode(...new Uint8Array(digest)))).toBe(
        `${visit.codeChallenge.replaceAll('-', '+').replaceAll('_', '/')}=`,
      );
      for (const { text, headers, setCookies } of [visit.answer, answer]) {
        expect([text, headers.get('Location'), ...setCookies].join()).not.toContain(verifier);
      }
    },
  );
});

describe('the cookie of a visit (CKE-07)', () => {
  test('is a __Host- one of its own for ten minutes, and goes with a form of another site only where it must', async () => {
    for (const [provider, sameSite] of [
      ...[['acme', 'Lax'] as const, ['google', 'Lax'] as const],
      ...[['by-form', 'None'] as const, ['apple', 'None'] as const],
    ]) {
      const { answer, state } = await begin(client, provider);
      expect(answer.setCookies).toHaveLength(1);
      const [pair, ...attributes] = answer.setCookies[0]!.split('; ');
      expect(pair).toMatch(new RegExp(`^${visitPrefix}[\\w-]{8}=[\\w.-]+$`));
      const expected = ['Path=/', 'Secure', 'HttpOnly', `SameSite=${sameSite}`, 'Max-Age=600'];
      expect(attributes.toSorted()).toEqual(expected.toSorted());
      expect(pair).not.toContain(state);
    }
  });

  test('is cleared by whatever ends the visit, and the cookies of the session stay Lax', async () => {
    const visit = await begin(client, 'by-form');
    const answer = await comeBackByForm(client, visit, { code: codeFor(visit) });
    const [name] = Object.keys(visit.cookies);
    expect(ofVisits(answer).map((line) => line.split('; ')[0])).toEqual([`${name}=`]);
    const session = answer.setCookies.filter((line) => !line.startsWith(visitPrefix));
    expect(session.length).toBeGreaterThanOrEqual(2);
    for (const line of session) expect(line).toContain('SameSite=Lax');
  });

  test('is one for each tab: visits that are open side by side all end well', async () => {
    const visits = [await begin(client, 'acme')];
    for (const provider of ['by-form', 'google', 'github']) {
      const cookies = Object.assign({}, ...visits.map((visit) => visit.cookies));
      const visit = await begin(client, provider, {}, { cookies });
      expect(ofVisits(visit.answer)).toHaveLength(1);
      visits.push(visit);
    }
    const cookies = Object.assign({}, ...visits.map((visit) => visit.cookies));
    for (const visit of visits.toReversed()) {
      const github = { id: Math.ceil(Math.random() * 1e12), login: 'sam', name: null, emails: [email()] };
      const code = codeFor(visit, { github });
      const answer = await comeBackAsAsked(client, { ...visit, cookies }, { code });
      await signedInUser(client, answer);
      expect(ofVisits(answer)).toHaveLength(1);
    }
  });

  test('is set whatever a request calls its cookies', async () => {
    const names = ['a b', 'x,y', 'x@y', 'é', '1', '2', '3', '4', '5'].map(
      (name) => `__Host-nexora_oauth_${name}=1`,
    );
    const answer = await client.get('/api/auth/oauth/acme', { headers: { Cookie: names.join('; ') } });
    expect(answer.status, answer.text).toBe(302);
  });

  test('is one of five at most: the oldest gives way', async () => {
    const jar: Record<string, string> = {};
    const names: string[] = [];
    for (let n = 0; n < 8; n++) {
      const { answer } = await begin(client, 'acme', {}, { cookies: { before: '1', ...jar } });
      for (const [name, value] of Object.entries(visitCookies(answer))) {
        if (value === '') delete jar[name];
        else {
          jar[name] = value;
          names.push(name);
        }
      }
      expect(Object.keys(jar).length).toBeLessThanOrEqual(5);
    }
    expect(Object.keys(jar)).toEqual(names.slice(-5));
  });

  test('is one that browsers keep, with name and value within 4096 bytes, or the visit does not begin', async () => {
    const device = 'd'.repeat(640);
    const devices = { '__Host-nexora_device': device, '__Host-nexora_trusted': device };
    for (const provider of ['acme', 'by-form', 'apple'])
      for (const [redirectTo, isTaken] of [
        [`/${'a'.repeat(1023)}`, true],
        [`/${'é'.repeat(210)}`, true],
        [`/${'é'.repeat(1023)}`, false],
        [`/${'\u6f22'.repeat(700)}`, false],
      ] as const) {
        const query = new URLSearchParams({ redirectTo });
        const answer = await client.get(`/api/auth/oauth/${provider}?${query}`, { cookies: devices });
        expect([answer.status, answer.json?.code]).toEqual(
          isTaken ? [302, undefined] : [400, 'validation_failed'],
        );
        for (const line of ofVisits(answer)) expect(line.split(';')[0]!.length).toBeLessThanOrEqual(4096);
      }
  });

  test('alone brings nobody in: a sign-in needs the code of its own visit as well', async () => {
    const visit = await begin(client, 'acme');
    expectSentBack(await comeBack(client, visit, {}), 'provider_error');
    await signedInUser(client, await signInAtStandIn(client, 'acme'));
  });
});

function email() {
  const address = `gh-${crypto.randomUUID()}@example.com`;
  return { email: address, primary: true, verified: true, visibility: null };
}
