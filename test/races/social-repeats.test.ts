import { afterEach, expect, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { freshVerifier, idTokenFor } from '../features/social/app-visits.ts';
import {
  arrive,
  beginLink,
  enterBy,
  freshSubject,
  holdersOf,
  instructionsFor,
  linkTo,
  providersOf,
  returnAs,
  socialClient,
} from '../features/social/people.ts';
import { verifiedUser } from '../features/two-factor/calls.ts';
import { freshClient, freshEmail, password, registerUser } from '../support/accounts.ts';
import { type Answer, authCookies } from '../support/client.ts';
import { openDatabase } from '../support/database.ts';
import { describe, roundsOf, test } from '../support/races.ts';
import { begin, codeFor, comeBack, landing } from '../support/social.ts';
import { adminSecret } from '../support/test-env.ts';
import { against, times, together } from './together.ts';
import { expectNoDeadlock, sessionsOf, tally } from './two-factor-state.ts';

const client = socialClient({
  ...{ DATABASE_TIMEOUT_MS: '8000', ADMIN_SECRET: adminSecret, LOGIN_ATTEMPTS_MAX: '100' },
});

afterEach(() => vi.restoreAllMocks());
expectNoDeadlock();

const usersWith = (email: string) =>
  openDatabase().query<{ id: string }>(sql`SELECT id FROM users WHERE email = ${email}`);
const outcomesOf = (answers: readonly Answer[]) => answers.map((answer) => landing(answer).error ?? 'in');
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
