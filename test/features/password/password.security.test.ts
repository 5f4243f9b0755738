import { beforeAll, describe, expect, test, vi } from 'vitest';
import { expectProblem } from '../../contract/expect-problem.ts';
import { countBlocks } from '../../crypto/count-blocks.ts';
import { freshEmail, password } from '../../support/accounts.ts';
import { type Answer, TestClient, withLiveHashes } from '../../support/client.ts';
import { faultyEndpoint } from '../../support/database.ts';
import { cheapHash } from '../../support/inserted-user.ts';
import { signIn } from '../sessions/session-fixtures.ts';
import { bcryptHash, storeAccount } from './stored-accounts.ts';

interface Refused {
  readonly email: string;
  readonly password: string;
}

const wrong = 'not the password';

// Every class is tried more often than one account may be by default.
const manyAttempts = { LOGIN_ATTEMPTS_MAX: '100' };

/** Who cannot sign in, by the reason that nobody may learn. The first is the one that the others are compared with. */
const classes = {
  'an unknown address': async (): Promise<Refused> => ({ email: freshEmail(), password: wrong }),
  'a wrong password': async () => ({ email: (await signIn(new TestClient())).email, password: wrong }),
  'a banned account with its password': async () => banned(password),
  'a banned account with a wrong password': async () => banned(wrong),
  'an account without a password': async () => ({ email: (await storeAccount(null)).email, password: wrong }),
  'a stored hash that is malformed': async () => ({
    email: (await storeAccount('$2x$05$not-a-hash')).email,
    password,
  }),
  'a hash of the legacy system and a wrong password': async () => ({
    email: (await storeAccount(bcryptHash())).email,
    password: wrong,
  }),
};
const names = Object.keys(classes) as (keyof typeof classes)[];

async function banned(presented: string): Promise<Refused> {
  const { email } = await storeAccount(await cheapHash(), { isBanned: true });
  return { email, password: presented };
}

describe('a login that fails', () => {
  const refused = {} as Record<keyof typeof classes, Refused>;
  beforeAll(async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    for (const name of names) refused[name] = await classes[name]();
  });

  describe.each(['production', 'development'])('in %s', (environment) => {
    const client = new TestClient({ ...manyAttempts, ENVIRONMENT: environment });
    const logIn = (name: keyof typeof classes) => client.post('/api/auth/login', refused[name]);

    test('is the one 401 to the byte, whatever the reason (ENU-01, ENU-12)', async () => {
      const reference = await logIn('an unknown address');
      expectProblem(reference, 401, 'invalid_credentials');
      expect(reference.json.title).toBe('The e-mail address or password is incorrect.');
      expect(reference.headers.get('WWW-Authenticate')).toBe('Bearer');
      for (const name of names) {
        const answer = await logIn(name);
        expect(answer.status, name).toBe(401);
        expect(withoutRequestId(answer), name).toBe(withoutRequestId(reference));
        expect(byteLength(answer), name).toBe(byteLength(reference));
        expect([...answer.headers.keys()], name).toEqual([...reference.headers.keys()]);
        expect(answer.setCookies, name).toEqual([]);
      }
    });
  });

  test('has the same header values in production, where no clock is shown (ENU-01)', async () => {
    const client = new TestClient({ ...manyAttempts, ENVIRONMENT: 'production' });
    const values = await Promise.all(
      names.map(async (name) => {
        const { headers } = await client.post('/api/auth/login', refused[name]);
        // What is left of the client's budget goes down with every answer.
        return [...headers].filter(([header]) => !['x-request-id', 'ratelimit'].includes(header));
      }),
    );
    for (const value of values) expect(value).toEqual(values[0]);
    expect(new Headers(values[0]).get('Server-Timing')).toBe('db;desc="2"');
  });

  test('takes one hash and the same two statements, whatever the reason (ENU-02)', async () => {
    const proxy = await faultyEndpoint();
    const client = new TestClient({ ...manyAttempts, DATABASE_HTTP_ENDPOINT: proxy.endpoint });
    for (const name of names) {
      const answer = await client.post('/api/auth/login', refused[name]);
      expect(answer, name).toMatchObject({ status: 401, roundTrips: 2, hashes: 1 });
    }
    const statements = (await proxy.seen()).map(({ queries }) => queries);
    expect(statements).toHaveLength(2 * names.length);
    for (let at = 2; at < statements.length; at += 2)
      expect(statements.slice(at, at + 2)).toEqual(statements.slice(0, 2));
  });

  // Bcrypt's work is not Argon2's: its accounts are told apart by time until their next login (HSH-11).
  test('fills as many Argon2 blocks as a successful one verifies, whatever the reason (HSH-09)', async () => {
    const client = new TestClient(manyAttempts);
    const { email } = await signIn(client);
    const expected = await countBlocks(() => client.post('/api/auth/login', { email, password }));
    expect(expected).toBeGreaterThan(0);
    for (const name of names.filter((each) => !each.startsWith('a hash of the legacy system')))
      expect(await countBlocks(() => client.post('/api/auth/login', refused[name])), name).toBe(expected);
    const deployed = new TestClient(manyAttempts, withLiveHashes);
    // m=19456 blocks in t=2 passes, less the two first ones that are filled from the seed.
    expect(await countBlocks(() => deployed.post('/api/auth/login', refused['an unknown address']))).toBe(
      2 * 19_456 - 2,
    );
  });

  test.each([
    ['73 bytes', 'p'.repeat(73), 401],
    ['200 bytes', 'p'.repeat(200), 401],
    ['more than can be set', 'p'.repeat(257), 401],
    ['more than are looked at', 'p'.repeat(4097), 400],
    ['NUL in it', 'pass\0word', 400],
  ])('with a password of %s is the same for all of them (ENU-03)', async (_kind, presented, status) => {
    const client = new TestClient(manyAttempts);
    const attempt = (name: keyof typeof classes) =>
      client.post('/api/auth/login', { email: refused[name].email, password: presented });
    const reference = await attempt('an unknown address');
    expect(reference).toMatchObject({ status, hashes: status === 401 ? 1 : 0 });
    for (const name of names) {
      const answer = await attempt(name);
      expect(withoutRequestId(answer)).toBe(withoutRequestId(reference));
      expect(answer).toMatchObject({ status, hashes: reference.hashes, roundTrips: reference.roundTrips });
    }
  });
});

function withoutRequestId({ text, headers }: Answer): string {
  return text.replace(headers.get('X-Request-Id')!, '');
}

function byteLength({ text }: Answer): number {
  return new TextEncoder().encode(text).length;
}
