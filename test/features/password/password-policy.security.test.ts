import { describe, expect, test } from 'vitest';
import { recordLog } from '../../contract/recorded-log.ts';
import { freshEmail, registerUser, registration } from '../../support/accounts.ts';
import { type BreachPlan, breachService, restOfSha1 } from '../../support/breach-service.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { bcryptHash, findUsers, storeAccount } from './stored-accounts.ts';

const unknownToAll = 'a heron over the still canal';

async function clientOf(plan: BreachPlan) {
  const service = await breachService(plan);
  const client = new TestClient({ BREACHED_PASSWORD_CHECK: 'true', HIBP_URL: service.url });
  return { client, seen: service.seen };
}

function register(client: TestClient, password: string, email = freshEmail()): Promise<Answer> {
  return client.post('/api/auth/register', registration(email, { password, confirmPassword: password }));
}

/** Checks that a password was refused before anything was hashed or asked of the database. */
function expectRefused(answer: Answer, code: string): void {
  expect(answer, answer.text).toMatchObject({ status: 400, roundTrips: 0, hashes: 0, setCookies: [] });
  expect(answer.json).toMatchObject({
    code,
    errors: [{ pointer: '/password', code, message: expect.stringMatching(/^This .+\.$/) }],
  });
}

/** Passwords that need no breach service to be refused. */
const knownHere = [
  ...['passwordpassword', 'password123', '123456789012345'],
  ...['qwertyuiopasdfgh', '1qaz2wsx3edc4rfv', 'p'.repeat(256)],
];

describe('POST /api/auth/register with a common password', () => {
  test.each(knownHere.map((password) => [password.slice(0, 40), password.length, password] as const))(
    '%s, %i characters, is 400 password_too_common, and nobody is asked (PWD-09)',
    async (_start, _length, password) => {
      const { client, seen } = await clientOf({ found: {} });
      const email = freshEmail();
      expectRefused(await register(client, password, email), 'password_too_common');
      expect(await seen()).toEqual([]);
      expect(await findUsers(email)).toEqual([]);
    },
  );

  test('says why: common, a sequence, or made of the address', async () => {
    const email = freshEmail();
    const messages = await Promise.all(
      ['password123', '123456789012345', email].map(
        async (password) => (await register(new TestClient(), password, email)).json.errors[0].message,
      ),
    );
    expect(messages).toEqual([
      'This is a common password, or very similar to one.',
      'This is a sequence or a repetition, which is easy to guess.',
      'This is based on your e-mail address or on the name of this service.',
    ]);
  });

  test('is answered to the byte whether the address is free or taken (ENU-12)', async () => {
    const { email } = await registerUser(new TestClient());
    const texts = await Promise.all(
      [email, freshEmail()].map(async (address) => {
        const { text, json } = await register(new TestClient(), 'password123', address);
        return text.replace(json.requestId, '');
      }),
    );
    expect(texts[0]).toContain('password_too_common');
    expect(texts[1]).toBe(texts[0]);
  });
});

describe('POST /api/auth/register with a password made of what is known of the account', () => {
  const name = `Heron.${crypto.randomUUID().slice(0, 8)}7`;
  const email = `${name}+shop@canal.boats.example`;

  test.each(['NexoraAuth2026!', email.toUpperCase(), `${name.replace('.', '')}99!`, 'Boats2026'])(
    '%s is 400 password_too_common (PWD-10)',
    async (password) => {
      expectRefused(await register(new TestClient(), password, email), 'password_too_common');
    },
  );

  test('a text that holds it is accepted: the whole is compared, not its parts (PWD-10)', async () => {
    const answer = await register(
      new TestClient(),
      'nexora is not canal boats',
      `${crypto.randomUUID()}.${email}`,
    );
    expect(answer.status).toBe(201);
  });
});

describe('POST /api/auth/register with a breached password', () => {
  test('is 400 password_breached, whether the address is free or taken (PWD-09)', async () => {
    const { client } = await clientOf({ found: { [await restOfSha1(unknownToAll)]: 3 } });
    const { email } = await registerUser(new TestClient());
    const answers = [await register(client, unknownToAll, email), await register(client, unknownToAll)];
    for (const answer of answers) expectRefused(answer, 'password_breached');
    const texts = answers.map(({ text, json }) => text.replace(json.requestId, ''));
    expect(texts[1]).toBe(texts[0]);
  });

  test('is found by the form that is hashed: composed (PWD-04)', async () => {
    const { client } = await clientOf({ found: { [await restOfSha1('caf\u00e9 on the canal')]: 1 } });
    expectRefused(await register(client, 'cafe\u0301 on the canal'), 'password_breached');
  });

  test('is told of by five digits of its hash and nothing else, with padding asked for (PWD-11)', async () => {
    const { client, seen } = await clientOf({ found: {} });
    const email = freshEmail();
    const answer = await register(client, unknownToAll, email);
    expect(answer).toMatchObject({ status: 201, roundTrips: 1, hashes: 1 });
    const [lookup, ...others] = await seen();
    expect(others).toEqual([]);
    expect(lookup).toMatchObject({
      method: 'GET',
      path: expect.stringMatching(/^\/range\/[\dA-F]{5}$/),
      headers: { 'add-padding': 'true', 'user-agent': 'nexora-auth' },
      body: '',
    });
    const rest = await restOfSha1(unknownToAll);
    const sent = JSON.stringify(lookup).toUpperCase();
    for (const secret of [rest.slice(0, 6), 'HERON', email.slice(0, 12).toUpperCase()]) {
      expect(sent).not.toContain(secret);
    }
  });

  test('is not what padding with its very hash says (PWD-11)', async () => {
    const { client } = await clientOf({ found: { [await restOfSha1(unknownToAll)]: 0 } });
    expect((await register(client, unknownToAll)).status).toBe(201);
  });

  test('nobody is asked about where the check is off', async () => {
    const service = await breachService({ found: { [await restOfSha1(unknownToAll)]: 3 } });
    const client = new TestClient({ BREACHED_PASSWORD_CHECK: 'false', HIBP_URL: service.url });
    expect((await register(client, unknownToAll)).status).toBe(201);
    expect(await service.seen()).toEqual([]);
  });
});

describe('POST /api/auth/register while the breach service', async () => {
  const rest = await restOfSha1(unknownToAll);

  test('is out of order still refuses what is known here (PWD-09, PWD-11)', async () => {
    const { client, seen } = await clientOf('hang');
    for (const password of [...knownHere, 'NexoraAuth2026!'])
      expectRefused(await register(client, password), 'password_too_common');
    expect(await seen()).toEqual([]);
  });

  describe.each<[string, BreachPlan, string]>([
    ['hangs', 'hang', 'timeout'],
    ['hangs in the body', 'hang-in-body', 'timeout'],
    ['breaks the connection', 'refuse', 'network'],
    ['answers 500', { status: 500 }, 'status'],
    ['points elsewhere', { status: 302 }, 'status'],
    ['answers a page', { body: '<html>not a range</html>' }, 'body'],
    ['answers a range with something else in it', { body: `${rest}:3\r\nmaintenance` }, 'body'],
    ['answers without an end', 'endless', 'body'],
  ])('%s', (_fault, plan, cause) => {
    test('completes within 2 seconds, and tells the operator without the password (PWD-11, DBF-13)', async () => {
      const lines = recordLog();
      const { client, seen } = await clientOf(plan);
      const startedAt = Date.now();
      const answer = await register(client, unknownToAll);
      expect(answer, answer.text).toMatchObject({ status: 201, roundTrips: 1, hashes: 1 });
      expect(Date.now() - startedAt).toBeLessThan(2000);
      expect(lines.map((line) => JSON.parse(line))).toEqual([
        {
          time: expect.any(String),
          level: 'warn',
          event: 'breached_password_check_failed',
          requestId: answer.headers.get('X-Request-Id'),
          cause,
        },
      ]);
      const [lookup, ...others] = await seen();
      expect(lookup?.path).toMatch(/^\/range\/[\dA-F]{5}$/);
      expect(others).toEqual([]);
    });
  });
});

describe('POST /api/auth/login', () => {
  test('never asks the policy: a common password that is set already signs in (PWD-12)', async () => {
    const { client, seen } = await clientOf({ found: { [await restOfSha1('password123')]: 9 } });
    const { email } = await storeAccount(bcryptHash('password123'));
    const answer = await client.post('/api/auth/login', { email, password: 'password123' });
    expect(answer.status).toBe(200);
    expect(await seen()).toEqual([]);
  });
});
