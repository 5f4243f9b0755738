import { afterEach, expect, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import {
  registerForToken,
  requiredClient,
  verify,
} from '../features/email-verification/pending-registrations.ts';
import { freshVerifier, idTokenFor } from '../features/social/app-visits.ts';
import {
  arrive,
  beginLink,
  enterBy,
  freshSubject,
  holdersOf,
  identitiesOf,
  instructionsFor,
  linkTo,
  providersOf,
  returnAs,
  socialClient,
} from '../features/social/people.ts';
import { enable, startSetup, verifiedUser } from '../features/two-factor/calls.ts';
import { freshClient, freshEmail, password, registerUser, registration } from '../support/accounts.ts';
import { type Answer, authCookies } from '../support/client.ts';
import { query } from '../support/database.ts';
import { storeLink } from '../support/links.ts';
import { describe, roundsOf, test } from '../support/races.ts';
import { begin, codeFor, comeBack, landing } from '../support/social.ts';
import { adminSecret } from '../support/test-env.ts';
import { codeAt } from '../support/two-factor.ts';
import { against, crowdOf, times, together } from './together.ts';
import { expectNoDeadlock, sessionsOf, tally } from './two-factor-state.ts';

const client = socialClient({
  ...{ DATABASE_TIMEOUT_MS: '8000', ADMIN_SECRET: adminSecret, LOGIN_ATTEMPTS_MAX: '100' },
});

afterEach(() => vi.restoreAllMocks());
expectNoDeadlock();

const usersWith = (email: string) => query<{ id: string }>(sql`SELECT id FROM users WHERE email = ${email}`);
const outcomesOf = (answers: readonly Answer[]) => answers.map((answer) => landing(answer).error ?? 'in');
const statusOf = async (answer: Answer) =>
  (await client.get('/api/auth/me', { cookies: authCookies(answer) })).status;

/** Somebody with a password, whose identity has another address than the account. */
async function linkedUser() {
  const owner = await verifiedUser(client);
  const { accessToken: access } = owner;
  const person = { sub: freshSubject(), email: freshEmail() };
  const linked = await linkTo(client, 'google', person, { '__Host-nexora_access': access });
  expect(landing(linked).error).toBeNull();
  return { ...owner, person };
}

describe('first sign-ins at once', { timeout: 120_000 }, () => {
  test('of one person, 20 of them, make one account with one identity, and let all in (OAU-08, LNK-13)', async () => {
    for (let round = 0; round < roundsOf(10); round++) {
      const person = { sub: freshSubject(), email: freshEmail() };
      const answers = await together(
        /INSERT INTO users/,
        times(crowdOf(20), () => arrive(client, 'google', person)),
      );
      expect(outcomesOf(answers)).toEqual(Array.from({ length: crowdOf(20) }, () => 'in'));
      const users = await usersWith(person.email);
      expect(users).toHaveLength(1);
      expect(await identitiesOf(client, users[0]!.id)).toHaveLength(1);
      expect(await sessionsOf(users[0]!.id)).toHaveLength(crowdOf(20));
    }
  });

  test('of one address at three providers make one account with three identities (LNK-13)', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const email = freshEmail();
      const providers = ['google', 'github', 'acme'];
      const answers = await together(
        /INSERT INTO users/,
        providers.map((provider) => () => arrive(client, provider, { sub: freshSubject(), email })),
      );
      expect(outcomesOf(answers)).toEqual(['in', 'in', 'in']);
      const users = await usersWith(email);
      expect(users).toHaveLength(1);
      expect(await providersOf(client, users[0]!.id)).toEqual(providers.toSorted());
    }
  });

  test('beside a registration of the address leave one account, which is not the registrant\u2019s (LNK-01, LNK-13)', async () => {
    const statuses = new Set<number>();
    for (let round = 0; round < roundsOf(30, statuses.size < 2); round++) {
      const email = freshEmail();
      const [registered, entered] = await against(
        /INSERT INTO users/,
        round,
        () => client.post('/api/auth/register', registration(email), { headers: freshClient() }),
        () => arrive(client, 'google', { sub: freshSubject(), email }),
      );
      statuses.add(registered.status);
      expect(landing(entered).error).toBeNull();
      expect(await usersWith(email)).toHaveLength(1);
      expect(await statusOf(entered)).toBe(200);
      const login = await client.post('/api/auth/login', { email, password }, { headers: freshClient() });
      expect(login.json.code).toBe('invalid_credentials');
      if (registered.status !== 201) continue;
      expect(await statusOf(registered)).toBe(401);
    }
    expect(statuses).toEqual(new Set([201, 409]));
  });
});

describe('a take-over beside a login of the squatter', { timeout: 60_000 }, () => {
  test('leaves one session, the owner\u2019s (LNK-01, SES-07)', async () => {
    const statuses = new Set<number>();
    for (let round = 0; round < roundsOf(50, statuses.size < 2); round++) {
      const { email, json } = await registerUser(client);
      const { id } = json.user;
      const [login, entered] = await against(
        /INSERT INTO sessions/,
        round,
        () => client.post('/api/auth/login', { email, password }, { headers: freshClient() }),
        () => arrive(client, 'google', { sub: freshSubject(), email }),
      );
      statuses.add(login.status);
      expect(landing(entered).error).toBeNull();
      expect(await sessionsOf(id)).toHaveLength(1);
      expect(await statusOf(entered)).toBe(200);
      expect(await statusOf(login)).toBe(401);
    }
    expect(statuses).toEqual(new Set([200, 401]));
  });
});

describe('a take-over beside two-factor that the account turns on', { timeout: 120_000 }, () => {
  const required = () => requiredClient({ DATABASE_TIMEOUT_MS: '8000', LOGIN_ATTEMPTS_MAX: '100' });
  const ways: Readonly<Record<string, (email: string, token: string) => Promise<Answer>>> = {
    'by a provider': (email) => arrive(client, 'google', { sub: freshSubject(), email }),
    'by a pending registration': (_, token) => verify(required(), { token, password }),
  };

  test.each(Object.entries(ways))(
    '%s comes first or not at all: a factor that was turned on stays (LNK-16)',
    async (_way, takeOver) => {
      const outcomes = new Set<string>();
      for (let round = 0; round < roundsOf(30, outcomes.size < 2); round++) {
        const { email, json } = await registerUser(client);
        const { accessToken: bearer, user } = json;
        const token = await registerForToken(required(), email);
        const setup = await startSetup(client, bearer);
        const [enabled, taken] = await against(
          /SET two_factor_since = now|SET name = s.name/,
          round,
          () => enable(client, bearer, codeAt(setup.json.secret)),
          () => takeOver(email, token),
        );
        const refusal = landing(taken).error ?? (taken.status === 409 ? String(taken.json.code) : null);
        outcomes.add(refusal ?? 'taken over');
        expect(refusal).toBe(enabled.status === 200 ? 'account_exists' : null);
        const [row] = await query(sql`
          SELECT u.two_factor_since IS NOT NULL AS is_on, u.email_verified_at IS NOT NULL AS is_verified,
            EXISTS (SELECT FROM factors f WHERE f.user_id = u.id AND f.added_at IS NOT NULL) AS has_factor
          FROM users u WHERE u.id = ${user.id}::uuid`);
        const isOn = refusal !== null;
        expect(row).toEqual({ is_on: isOn, is_verified: !isOn, has_factor: isOn });
      }
      expect(outcomes).toEqual(new Set(['taken over', 'account_exists']));
    },
  );
});

describe('a sign-in by an identity', { timeout: 60_000 }, () => {
  test('beside a ban leaves no session (SES-07, SES-16)', async () => {
    const { userId, person } = await linkedUser();
    const admin = (action: string) =>
      client.post(`/api/admin/users/${userId}/${action}`, undefined, { bearer: adminSecret });
    const outcomes = new Set<string>();
    for (let round = 0; round < roundsOf(50, outcomes.size < 2); round++) {
      const [entered, banned] = await against(
        /UPDATE identities n SET issuer|UPDATE users u SET banned_at/,
        round,
        () => arrive(client, 'google', person),
        () => admin('ban'),
      );
      expect(banned.status, banned.text).toBe(200);
      for (const outcome of outcomesOf([entered])) outcomes.add(outcome);
      expect(await sessionsOf(userId)).toEqual([]);
      await admin('unban');
    }
    expect(outcomes).toEqual(new Set(['in', 'access_denied']));
  });

  test('beside the deletion of the account leaves nothing of it (PRV-03)', async () => {
    for (let round = 0; round < roundsOf(30); round++) {
      const { userId, accessToken: bearer, person } = await linkedUser();
      const [entered, deleted] = await against(
        /UPDATE identities n SET issuer|DELETE FROM users/,
        round,
        () => arrive(client, 'google', person),
        () => client.call('DELETE', '/api/auth/me', { bearer, body: { password } }),
      );
      expect(deleted.status, deleted.text).toBe(200);
      expect(landing(entered).error).toBeNull();
      const me = await client.get('/api/auth/me', { cookies: authCookies(entered) });
      if (me.status === 200) expect(me.json.user.id).not.toBe(userId);
      expect(await query(sql`SELECT id FROM users WHERE id = ${userId}::uuid`)).toEqual([]);
    }
  });

  test('beside its unlinking is of the account or of a new one, and the account does not have it (LNK-08)', async () => {
    const outcomes = new Set<boolean>();
    for (let round = 0; round < roundsOf(30, outcomes.size < 2); round++) {
      const { userId, accessToken: bearer, person } = await linkedUser();
      const [entered, unlinked] = await against(
        /UPDATE identities n SET issuer|DELETE FROM identities/,
        round,
        () => arrive(client, 'google', person),
        () => client.call('DELETE', '/api/auth/identities/google', { bearer }),
      );
      expect(unlinked.status, unlinked.text).toBe(200);
      expect(landing(entered).error).toBeNull();
      const me = await client.get('/api/auth/me', { cookies: authCookies(entered) });
      outcomes.add(me.json.user.id === userId);
      expect(await providersOf(client, userId)).toEqual([]);
      expect(await sessionsOf(userId)).toHaveLength(me.json.user.id === userId ? 2 : 1);
    }
    expect(outcomes.size).toBe(2);
  });

  test('beside a reset, which ends it, leaves no session of the account (LNK-05, RST-03)', async () => {
    for (let round = 0; round < roundsOf(30); round++) {
      const { userId, email, person } = await linkedUser();
      const token = await storeLink(client, 'reset_password', { id: userId, email });
      const passwords = { password: 'a heron over the canal', confirmPassword: 'a heron over the canal' };
      const [, reset] = await against(
        /UPDATE identities n SET issuer|DELETE FROM identities/,
        round,
        () => arrive(client, 'google', person),
        () => client.post('/api/auth/password/reset', { token, ...passwords }, { headers: freshClient() }),
      );
      expect(reset.status, reset.text).toBe(200);
      expect(await sessionsOf(userId)).toEqual([]);
      expect(await providersOf(client, userId)).toEqual([]);
    }
  });
});

describe('what counts once, used at once', { timeout: 120_000 }, () => {
  test('20 redemptions of the code of an app open one session (OAU-14)', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const { verifier: codeVerifier, codeChallenge } = await freshVerifier();
      const query = { transport: 'body', codeChallenge, redirectTo: 'https://app.test/done' };
      const person = { sub: freshSubject(), email: freshEmail() };
      const { code } = landing(await arrive(client, 'google', person, { query }));
      const redeem = () =>
        client.post('/api/auth/oauth/token', { code, codeVerifier }, { headers: freshClient() });
      const answers = await together(/INSERT INTO sessions/, times(20, redeem));
      expect(tally(answers)).toEqual({ '200': 1, '400 code_invalid': 19 });
      expect(await sessionsOf((await usersWith(person.email))[0]!.id)).toHaveLength(1);
    }
  });

  test('10 returns with one state open one session (OAU-01, OAU-14)', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const person = { sub: freshSubject(), email: freshEmail() };
      const { user } = await enterBy(client, 'google', person);
      const visit = await begin(client, 'google');
      const code = codeFor(visit, { ...instructionsFor('google', person), uses: 10 });
      const answers = await together(
        /AS is_ours/,
        times(10, () => comeBack(client, visit, { code })),
      );
      expect(outcomesOf(answers).toSorted()).toEqual([
        ...['in', ...Array.from({ length: 9 }, () => 'transaction_invalid')],
      ]);
      expect(await sessionsOf(user.id)).toHaveLength(2);
    }
  });

  test('10 presentations of one ID token open one session (OAU-14)', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const person = { sub: freshSubject(), email: freshEmail() };
      const { user } = await enterBy(client, 'google', person);
      const nonce = crypto.randomUUID();
      const body = { idToken: await idTokenFor('google', person, nonce), nonce };
      const present = () => client.post('/api/auth/oauth/google/id-token', body, { headers: freshClient() });
      const answers = await together(/AS is_ours/, times(10, present));
      expect(tally(answers)).toEqual({ '200': 1, '401 id_token_invalid': 9 });
      expect(await sessionsOf(user.id)).toHaveLength(2);
    }
  });
});

describe('links and unlinkings at once', { timeout: 60_000 }, () => {
  test('two unlinkings of the last two ways in leave one (LNK-08)', async () => {
    for (let round = 0; round < roundsOf(30); round++) {
      const { user, cookies } = await enterBy(client, 'google', { sub: freshSubject(), email: freshEmail() });
      await linkTo(client, 'acme', { sub: freshSubject(), email: freshEmail() }, cookies);
      const unlink = (provider: string) => () =>
        client.call('DELETE', `/api/auth/identities/${provider}`, { cookies });
      const answers = await against(/DELETE FROM identities/, round, unlink('google'), unlink('acme'));
      expect(tally(answers)).toEqual({ '200': 1, '409 last_sign_in_method': 1 });
      expect(await providersOf(client, user.id)).toHaveLength(1);
    }
  });

  test('of one identity to five accounts link it to one (LNK-04)', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const person = { sub: freshSubject(), email: freshEmail() };
      const visits = await Promise.all(
        Array.from({ length: 5 }, async () => {
          const cookies = authCookies(await registerUser(client));
          return { cookies, visit: await beginLink(client, 'google', cookies) };
        }),
      );
      const answers = await together(
        /INSERT INTO identities/,
        visits.map(
          ({ visit, cookies }) =>
            () =>
              returnAs(client, visit, person, cookies),
        ),
      );
      expect(outcomesOf(answers).toSorted()).toEqual([...Array(4).fill('account_exists'), 'in']);
      expect(await holdersOf(client, person.sub)).toHaveLength(1);
    }
  });
});

describe('everything about one address at once', { timeout: 120_000 }, () => {
  test('never runs into a deadlock or an error, and leaves one account with one identity of each provider', async () => {
    for (let round = 0; round < roundsOf(10); round++) {
      const owner = await verifiedUser(client);
      const { email, userId, accessToken: bearer } = owner;
      const cookies = { '__Host-nexora_access': bearer };
      const [google, github] = [
        { sub: freshSubject(), email },
        { sub: freshSubject(), email },
      ];
      const visit = await beginLink(client, 'acme', cookies);
      const answers = await Promise.all([
        arrive(client, 'google', google),
        arrive(client, 'google', google),
        arrive(client, 'github', github),
        arrive(client, 'plain', { sub: freshSubject(), email }),
        returnAs(client, visit, { sub: freshSubject(), email: freshEmail() }, cookies),
        client.call('DELETE', '/api/auth/identities/google', { bearer }),
        client.call('DELETE', '/api/auth/identities/github', { bearer }),
        client.post('/api/auth/login', { email, password }, { headers: freshClient() }),
        client.post('/api/auth/reauthenticate', { password }, { bearer, headers: freshClient() }),
        client.post(`/api/admin/users/${userId}/sign-out`, undefined, { bearer: adminSecret }),
      ]);
      for (const { status, text } of answers) expect(status, text).toBeLessThan(500);
      expect(await usersWith(email)).toHaveLength(1);
      const providers = await providersOf(client, userId);
      expect(new Set(providers).size).toBe(providers.length);
    }
  });
});
