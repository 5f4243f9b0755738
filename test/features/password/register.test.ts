import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { expectProblem } from '../../contract/expect-problem.ts';
import { freshEmail, registerUser, registration } from '../../support/accounts.ts';
import { authCookies, TestClient } from '../../support/client.ts';
import { recordsOf } from './signed-in-owner.ts';
import { findSessions, findUsers } from './stored-accounts.ts';

const uuid = expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe('POST /api/auth/register', () => {
  const client = new TestClient();

  test('answers 201 with exactly the members of User and Tokens (PRV-07)', async () => {
    const email = freshEmail();
    const answer = await client.post('/api/auth/register', registration(email));
    expect(answer.status).toBe(201);
    expect(answer.headers.get('Content-Type')).toBe('application/json');
    expect(answer.json).toStrictEqual({
      success: true,
      user: {
        id: uuid,
        email,
        name: 'Test User',
        emailVerified: false,
        twoFactorEnabled: false,
        hasPassword: true,
        recoveryRequired: false,
        createdAt: instant,
        updatedAt: instant,
      },
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      refreshToken: expect.stringMatching(/^nxr_/),
      tokenType: 'Bearer',
      expiresIn: 900,
      refreshExpiresIn: 1_209_600,
    });
    // They go back to this host alone.
    const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';
    const { '__Host-nexora_refresh': refreshCookie } = authCookies(answer);
    expect(answer.setCookies).toEqual([
      `__Host-nexora_access=${answer.json.accessToken}; ${attributes}; Max-Age=900`,
      `__Host-nexora_refresh=${refreshCookie}; ${attributes}; Max-Age=1209600`,
      `__Host-nexora_device=${answer.headers.get('X-Device-Token')}; ${attributes}; Max-Age=34560000`,
    ]);
  });

  test('takes one hash and one round trip, whether the address is free or taken', async () => {
    const first = await registerUser(client);
    expect(first).toMatchObject({ roundTrips: 1, hashes: 1 });
    const second = await client.post('/api/auth/register', registration(first.email));
    expect(second).toMatchObject({ status: 409, roundTrips: 1, hashes: 1 });
  });

  test('opens one session that the answered tokens belong to', async () => {
    const { json } = await registerUser(client);
    const [session, ...others] = await findSessions(json.user.id);
    expect(others).toEqual([]);
    expect(session!.method).toBe('password');
    expect(decodeJwt(json.accessToken)).toMatchObject({ sub: json.user.id, sid: session!.id, amr: ['pwd'] });
    const me = await client.get('/api/auth/me', { bearer: json.accessToken });
    expect(me.json).toMatchObject({ user: json.user, session: { id: session!.id, current: true } });
  });
});

describe('the address of a new account', () => {
  const client = new TestClient();

  test('is stored and answered in lower case, without blanks around it and with its domain in punycode', async () => {
    const name = `Mixed.Case-${crypto.randomUUID()}`;
    const { json } = await registerUser(client, { email: `  ${name}@B\u00fccher.EXAMPLE ` });
    const email = `${name.toLowerCase()}@xn--bcher-kva.example`;
    expect(json.user.email).toBe(email);
    expect(await findUsers(email)).toMatchObject([{ email }]);
  });

  test('that is taken is 409 email_taken whatever its case, and changes nothing (EML-01)', async () => {
    const { email, json } = await registerUser(client);
    const before = await findUsers(email);
    for (const spelling of [email, email.toUpperCase(), `U${email.slice(1)}`, ` ${email}`]) {
      const body = registration(spelling, {
        name: 'Somebody Else',
        password: 'another password',
        confirmPassword: 'another password',
      });
      const answer = await client.post('/api/auth/register', body);
      expectProblem(answer, 409, 'email_taken');
      expect(answer.setCookies).toEqual([]);
    }
    expect(await findUsers(email)).toEqual(before);
    expect(await findSessions(json.user.id)).toHaveLength(1);
    expect(await recordsOf(json.user.id)).toHaveLength(1);
  });
});

describe('the address of the demo user', () => {
  test.each([undefined, 'true'])(
    'is email_taken with DEMO_MODE %s, for nothing: no hash, no round trip, no row (DEM-04)',
    async (DEMO_MODE) => {
      const client = new TestClient({ DEMO_MODE });
      for (const spelling of ['demo@nexora.ai', 'Demo@NEXORA.ai', ' demo@nexora.AI ']) {
        const answer = await client.post('/api/auth/register', registration(spelling));
        expect(answer, spelling).toMatchObject({ status: 409, roundTrips: 0, hashes: 0, setCookies: [] });
        expect(answer.json.code).toBe('email_taken');
      }
      expect(await findUsers('demo@nexora.ai')).toEqual([]);
    },
  );

  test('is no other one: its neighbours register', async () => {
    const suffix = crypto.randomUUID();
    for (const email of [`demo+${suffix}@nexora.ai`, `demo@${suffix}.nexora.ai`]) {
      await registerUser(new TestClient(), { email });
    }
  });
});

describe('the language of a new account', () => {
  const client = new TestClient();

  test.each([
    ['de-CH,de;q=0.9,en;q=0.8', 'de-CH'],
    ['EN-us', 'en-US'],
    ['zh-hant-tw;q=0.8', 'zh-Hant-TW'],
    ['*', null],
    ['not a language', null],
    [undefined, null],
  ])('from Accept-Language %j is %j', async (header, locale) => {
    const email = freshEmail();
    const headers = header === undefined ? {} : { 'Accept-Language': header };
    const answer = await client.post('/api/auth/register', registration(email), { headers });
    expect(answer.status).toBe(201);
    expect(await findUsers(email)).toMatchObject([{ locale }]);
  });
});

describe('the name of a new account', () => {
  test('is trimmed and stored in NFC', async () => {
    const { json, email } = await registerUser(new TestClient(), {
      name: '  Zoe\u0308 O\u2019Neill-\u5c71\u7530 ',
    });
    expect(json.user.name).toBe('Zo\u00eb O\u2019Neill-\u5c71\u7530');
    expect(await findUsers(email)).toMatchObject([{ name: json.user.name }]);
  });
});
