import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fragment, sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, password, registerUser, registration } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { freshDatabase, openDatabase } from '../../support/database.ts';
import { tokenFrom } from '../../support/mailbox.ts';

/** A second factor that every account asks for whose name says so. */
const factor = {
  methods: ['planted', 'backup_code'],
  isAskedFor: (u: Fragment) => sql`(${u}.name = 'Asks')`,
};

let database: Awaited<ReturnType<typeof freshDatabase>>;
let plain: TestClient;
let clients: Readonly<Record<string, TestClient>>;

beforeAll(async () => {
  database = await freshDatabase();
  const env = { DATABASE_URL: database.url };
  const options = { features: [{ factors: [factor] }] };
  plain = new TestClient(env);
  clients = {
    optional: new TestClient(env, options),
    required: new TestClient({ ...env, EMAIL_VERIFICATION: 'required' }, options),
  };
});
afterAll(() => database.drop());

/** Every way in: a row opens an account with this name, from nothing to the answer that would have its tokens. */
const waysIn: readonly [
  name: string,
  mode: string,
  open: (client: TestClient, name: string) => Promise<Answer>,
][] = [
  [
    'login',
    'optional',
    async (client, name) => {
      const email = await storedAccount(name);
      return client.post('/api/auth/login', { email, password });
    },
  ],
  [
    'register',
    'optional',
    (client, name) =>
      client.post('/api/auth/register', registration(freshEmail(), { name }), { headers: freshClient() }),
  ],
  [
    'verify by password',
    'optional',
    async (client, name) => {
      const email = await storedAccount(name);
      const token = await tokenFrom(plain, email, 'verify_email');
      return client.post('/api/auth/email/verify', { token, password });
    },
  ],
  [
    'confirm registration',
    'required',
    async (client, name) => {
      const email = freshEmail();
      await client.post('/api/auth/register', registration(email, { name }), { headers: freshClient() });
      const token = await tokenFrom(client, email, 'confirm_registration');
      return client.post('/api/auth/email/verify', { token, password });
    },
  ],
];

/** An account that was registered before there was the factor, without its session. */
async function storedAccount(name: string): Promise<string> {
  const { email, json } = await registerUser(plain, { name }, freshClient());
  await openDatabase(database.url).query(sql`DELETE FROM sessions WHERE user_id = ${json.user.id}::uuid`);
  return email;
}

async function sessionCount(): Promise<number> {
  const [row] = await openDatabase(database.url).query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.name = 'Asks'`,
  );
  return row!.count;
}

describe('a way in', () => {
  test.each(waysIn)(
    'by %s opens a session where no second factor is asked for (SES-18)',
    async (_name, mode, open) => {
      const answer = await open(clients[mode]!, 'Asks nothing');
      expect(answer.json, answer.text).toMatchObject({ success: true, tokenType: 'Bearer' });
      expect((await plain.get('/api/auth/me', { bearer: answer.json.accessToken })).status).toBe(200);
    },
  );

  test.each(waysIn)(
    'by %s is a challenge, and nothing is open, where one is (SES-18)',
    async (_name, mode, open) => {
      const answer = await open(clients[mode]!, 'Asks');
      expect(answer.status, answer.text).toBe(200);
      expect(answer.json).toEqual({
        success: true,
        twoFactorRequired: true,
        methods: ['planted', 'backup_code'],
      });
      expect(answer.setCookies).toEqual([]);
      expect(answer.headers.get('X-Device-Token')).toBeNull();
      expect(await sessionCount()).toBe(0);
    },
  );
});
