import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { isFull } from '../../contract/route-choice.ts';
import {
  freshClient,
  freshEmail,
  otherPassword,
  password,
  registerUser,
  registration,
} from '../../support/accounts.ts';
import { type Answer, cookieValue, TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import { storeLink } from '../../support/links.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { plantedFactor } from '../../support/planted-factor.ts';
import { landing, providerVariables } from '../../support/social.ts';
import { completeChallenge, freshCode, type TwoFactorUser, twoFactorUser } from '../../support/two-factor.ts';
import { signInByIdToken, signInForApp } from '../social/app-visits.ts';
import { arrive, freshSubject } from '../social/people.ts';

const factor = plantedFactor('Asks', ['planted', 'backup_code']);

const env = providerVariables([]);
const options = { features: [{ loadRules: async () => ({ secondFactors: [factor] }) }] };
const plain = new TestClient(env);
const clients: Readonly<Record<string, TestClient>> = {
  optional: new TestClient(env, options),
  required: new TestClient({ ...env, EMAIL_VERIFICATION: 'required' }, options),
};

/** A way in. */
interface WayIn {
  /** EMAIL_VERIFICATION. */
  readonly mode: 'optional' | 'required';
  /** The transports that it offers; undefined is none in particular. */
  readonly transports?: readonly (undefined | 'cookie' | 'body')[];
  /** What the first step says in the session of the second, `pwd` unless given. */
  readonly amr?: string;
  /** Opens an account with this name, from nothing to the answer that would have its tokens. */
  readonly open: (client: TestClient, name: string) => Promise<Answer>;
  /** Opens an account that is there, with its password; none where the way makes a new account, which has no factor yet. */
  readonly openExisting?: (
    client: TestClient,
    user: TwoFactorUser,
    members: Readonly<Record<string, unknown>>,
  ) => Promise<Answer>;
}

/** Every way in. */
const waysIn: Readonly<Record<string, WayIn>> = {
  login: {
    mode: 'optional',
    open: async (client, name) => {
      const email = await storedAccount(name);
      return client.post('/api/auth/login', { email, password });
    },
    openExisting: (client, { email }, members) =>
      client.post('/api/auth/login', { email, password, ...members }),
  },
  register: {
    mode: 'optional',
    open: (client, name) =>
      client.post('/api/auth/register', registration(freshEmail(), { name }), { headers: freshClient() }),
  },
  'verify by password': {
    mode: 'optional',
    open: async (client, name) => {
      const email = await storedAccount(name);
      const token = await tokenFrom(plain, email, 'verify_email');
      return client.post('/api/auth/email/verify', { token, password });
    },
    openExisting: async (client, { userId: id, email }, members) => {
      await query(sql`UPDATE users SET email_verified_at = NULL WHERE id = ${id}::uuid`);
      const token = await storeLink(client, 'verify_email', { id, email });
      return client.post('/api/auth/email/verify', { token, password, ...members });
    },
  },
  'confirm registration': {
    mode: 'required',
    open: async (client, name) => {
      const email = freshEmail();
      await client.post('/api/auth/register', registration(email, { name }), { headers: freshClient() });
      const token = await tokenFrom(client, email, 'confirm_registration');
      return client.post('/api/auth/email/verify', { token, password });
    },
  },
  'an ID token of Google': {
    ...{ mode: 'optional', amr: 'fed' },
    open: async (client, name) => signInByIdToken(client, 'google', await verifiedAccount(name)),
    openExisting: (client, { email }, members) => signInByIdToken(client, 'google', email, members),
  },
  'an ID token of Apple': {
    ...{ mode: 'required', amr: 'fed' },
    open: async (client, name) => signInByIdToken(client, 'apple', await verifiedAccount(name)),
    openExisting: (client, { email }, members) => signInByIdToken(client, 'apple', email, members),
  },
  'the code of an app': {
    ...{ mode: 'required', amr: 'fed', transports: ['body'] },
    open: async (client, name) => signInForApp(client, await verifiedAccount(name)),
    openExisting: (client, { email }) => signInForApp(client, email),
  },
};

/** An account whose address is verified, without a session. */
async function verifiedAccount(name: string): Promise<string> {
  const email = await storedAccount(name);
  await query(sql`UPDATE users SET email_verified_at = now() WHERE email = ${email}`);
  return email;
}

/** An account that was registered before there was the factor, without its session. */
async function storedAccount(name: string): Promise<string> {
  const { email, json } = await registerUser(plain, { name }, freshClient());
  await query(sql`DELETE FROM sessions WHERE user_id = ${json.user.id}::uuid`);
  return email;
}

async function sessionCount(): Promise<number> {
  const [row] = await query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.name = 'Asks'`,
  );
  return row!.count;
}

/** The names of the cookies that an answer sets, each as often as it does. */
function cookieNames({ setCookies }: Answer): (string | undefined)[] {
  return setCookies.map((cookie) => cookie.split('=')[0]);
}

/** Every text that somebody gets by an answer: the values of its cookies and all texts of its body. */
function textsOf({ setCookies, json }: Answer): string[] {
  const cookies = setCookies.map((cookie) => cookie.slice(cookie.indexOf('=') + 1).split(';')[0] ?? '');
  const members = Object.values((json ?? {}) as Record<string, unknown>);
  const texts = [...cookies, ...members.filter((member) => typeof member === 'string')];
  return texts.filter((text) => text !== '');
}

/** That an answer is a challenge and no more: in the body, and in its cookie unless that alone was asked for. */
function expectChallenge(answer: Answer, factor: string, transport: string | undefined): void {
  expect(answer.status, answer.text).toBe(200);
  expect(answer.json).toEqual({
    success: true,
    twoFactorRequired: true,
    challengeToken: expect.stringMatching(/^nxc_/),
    methods: [factor, 'backup_code'],
    expiresIn: 600,
  });
  expect(cookieNames(answer)).toEqual(transport === 'body' ? [] : ['__Host-nexora_challenge']);
  expect(answer.headers.get('X-Device-Token')).toBeNull();
}

describe('a way in', () => {
  test.each(Object.entries(waysIn))(
    'by %s opens a session where no second factor is asked for (SES-18)',
    async (_name, { mode, open }) => {
      const answer = await open(clients[mode]!, 'Asks nothing');
      expect(answer.json, answer.text).toMatchObject({ success: true, tokenType: 'Bearer' });
      expect((await plain.get('/api/auth/me', { bearer: answer.json.accessToken })).status).toBe(200);
    },
  );

  // A new account asks for nothing yet.
  test.each(Object.entries(waysIn).filter(([name]) => name !== 'register'))(
    'by %s is a challenge, and nothing is open, where one is (SES-18)',
    async (name, { mode, open }) => {
      const answer = await open(clients[mode]!, 'Asks');
      expectChallenge(answer, 'planted', waysIn[name]!.transports?.join());
      expect(await sessionCount()).toBe(0);
    },
  );
});

describe('a way into an account with two-factor', () => {
  const existing = Object.entries(waysIn).flatMap(
    ([name, { openExisting, transports = [undefined, 'cookie', 'body'] }]) =>
      openExisting === undefined
        ? []
        : transports.map((transport) => [name, transport, openExisting] as const),
  );

  /** What the answer of the first step gives opens nothing: each text of it in each place, and its cookies as they came. */
  async function expectWorthNothing(answer: Answer, code: string): Promise<void> {
    const own = Object.fromEntries(
      answer.setCookies.map((cookie) => [cookie.split('=')[0]!, cookie.split('=')[1]!.split(';')[0]!]),
    );
    const texts = textsOf(answer);
    expect(texts.length).toBeGreaterThan(0);
    const callers = [
      ...texts.map((bearer) => ({ bearer })),
      ...texts.map((text) => ({ cookies: { '__Host-nexora_access': text, '__Host-nexora_refresh': text } })),
      { cookies: own },
    ];
    for (const caller of callers) {
      const answers = [
        await plain.get('/api/auth/me', caller),
        await plain.get('/api/auth/sessions', caller),
        await plain.post('/api/auth/refresh', undefined, caller),
        await plain.post('/api/auth/two-factor/disable', { code }, caller),
      ];
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
    }
    for (const refreshToken of texts)
      expect((await plain.post('/api/auth/refresh', { refreshToken })).status).toBe(401);
  }

  test.each(existing)(
    'by %s with transport %s is a challenge, which is worth nothing but the second step (CKE-04, OTP-08, OTP-13, SES-18)',
    async (name, transport, openExisting) => {
      const user = await twoFactorUser(plain);
      const sessions = sql`SELECT id, second_factor_at, amr FROM sessions WHERE user_id = ${user.userId}::uuid`;
      await query(sql`DELETE FROM sessions WHERE user_id = ${user.userId}::uuid`);
      const answer = await openExisting(plain, user, { ...(transport && { transport }) });
      expectChallenge(answer, 'totp', transport);

      const code = await freshCode(plain, user);
      // Of each way the answer that has everything; of login each.
      if (isFull || transport === undefined || name === 'login') await expectWorthNothing(answer, code);
      expect(await query(sessions)).toEqual([]);
      const cookies = transport === 'cookie' && {
        cookies: { '__Host-nexora_challenge': textsOf(answer)[0]! },
      };
      const second = await completeChallenge(plain, answer, { code }, { ...cookies });
      expect(second.status, second.text).toBe(200);
      const opened = await query(sessions);
      const amr = [waysIn[name]!.amr ?? 'pwd', 'otp', 'mfa'];
      expect(opened).toMatchObject([{ amr, second_factor_at: expect.any(Date) }]);
    },
  );

  test.each(['google', 'apple', 'github'])(
    'by the way back from %s is a challenge in its cookie, which is worth nothing but the second step (OTP-13, SES-18)',
    async (provider) => {
      const user = await twoFactorUser(plain);
      const ofUser = sql`FROM sessions WHERE user_id = ${user.userId}::uuid`;
      await query(sql`DELETE ${ofUser}`);
      const person = { sub: freshSubject(), email: user.email };
      const answer = await arrive(plain, provider, person, { query: { redirectTo: '/home' } });
      expect(landing(answer)).toEqual({
        ...{ status: 303, url: 'https://auth.test/login/two-factor?redirectTo=%2Fhome' },
        ...{ error: null, code: null },
      });
      const set = cookieNames(answer).filter((name) => !name!.startsWith('__Host-nexora_oauth_'));
      expect(set).toEqual(['__Host-nexora_challenge']);
      const code = await freshCode(plain, user);
      await expectWorthNothing(answer, code);
      const challenge = cookieValue(answer, '__Host-nexora_challenge')!;
      const cookies = { '__Host-nexora_challenge': challenge };
      const second = await plain.post('/api/auth/login/two-factor', { code }, { cookies });
      expect(second.json.user, second.text).toMatchObject({ id: user.userId });
      const opened = await query(sql`SELECT amr, method ${ofUser}`);
      expect(opened).toEqual([{ amr: ['fed', 'otp', 'mfa'], method: provider }]);
      // The identity alone is not the second factor the next time either.
      const { url } = landing(await arrive(plain, provider, person));
      expect(new URL(url).pathname).toBe('/login/two-factor');
    },
  );

  test('is no reset: it signs nobody in, and the next login is a challenge, on a trusted device too (RST-03, OTP-13)', async () => {
    const user = await twoFactorUser(plain);
    const trusting = await completeChallenge(plain, await waysIn.login!.openExisting!(plain, user, {}), {
      ...{ code: await freshCode(plain, user), trustDevice: true },
    });
    const { trustedDeviceToken } = trusting.json;
    const login = (members: object) =>
      plain.post('/api/auth/login', { email: user.email, password: otherPassword, ...members });
    const token = await storeLink(plain, 'reset_password', { id: user.userId, email: user.email });
    const passwords = { password: otherPassword, confirmPassword: otherPassword };
    const reset = await plain.post('/api/auth/password/reset', { token, ...passwords });
    expect(reset.status, reset.text).toBe(200);
    expect(reset.json).not.toHaveProperty('accessToken');
    expect(cookieNames(reset)).toEqual(['__Host-nexora_device']);
    await expectWorthNothing(reset, await freshCode(plain, user));
    for (const members of [{}, { trustedDeviceToken }]) {
      const answer = await login(members);
      expect(answer.json).toMatchObject({ twoFactorRequired: true, methods: ['totp', 'backup_code'] });
      expect(cookieNames(answer)).toEqual(['__Host-nexora_challenge']);
      const code = await freshCode(plain, user);
      const second = await completeChallenge(plain, answer, { code });
      expect(second.json.user).toMatchObject({ id: user.userId, twoFactorEnabled: true });
    }
  });
});
