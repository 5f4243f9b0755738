import { beforeAll, describe, expect, test } from 'vitest';
import { readBundledMigrations } from '../../../src/db/bundled-migrations.ts';
import { migrate } from '../../../src/db/migrations.ts';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, password } from '../../support/accounts.ts';
import type { TestClient } from '../../support/client.ts';
import { openDatabase } from '../../support/database.ts';
import {
  addLegacySession,
  addLegacyUser,
  type LegacyUser,
  legacyJwt,
  makeLegacy,
} from '../../support/legacy-database.ts';
import { landing, localProviders, providerVariables, standInProvider } from '../../support/social.ts';
import { refreshByBody } from '../sessions/session-fixtures.ts';
import { logInAs } from '../two-factor/calls.ts';
import {
  arrive,
  enterBy,
  freshSubject,
  holdersOf,
  identitiesOf,
  providersOf,
  socialClient,
} from './people.ts';

const users = {
  google: { email: 'google@example.com', provider: 'google', providerId: freshSubject() },
  github: { email: 'github@example.com', provider: 'github', providerId: freshSubject() },
  apple: { email: 'apple@example.com', provider: 'apple', providerId: `001.${freshSubject()}` },
  microsoft: { email: 'microsoft@example.com', provider: 'microsoft', providerId: freshSubject() },
  facebook: { email: 'facebook@example.com', provider: 'facebook', providerId: freshSubject() },
  capitals: { email: 'Capitals@Example.com', provider: ' Google ', providerId: freshSubject() },
  both: { email: 'both@example.com', password, provider: 'google', providerId: freshSubject() },
  empty: { email: 'empty@example.com', password, provider: '', providerId: '' },
  halfProvider: { email: 'half-a@example.com', password, provider: 'google' },
  halfId: { email: 'half-b@example.com', password, providerId: freshSubject() },
  emptyId: { email: 'half-c@example.com', password, provider: 'google', providerId: '' },
  long: { email: 'long@example.com', provider: 'google', providerId: 'x'.repeat(255) },
} satisfies Record<string, LegacyUser>;
type Name = keyof typeof users;
const names = Object.keys(users) as Name[];

let client: TestClient;
let required: TestClient;
const ids = {} as Record<Name, string>;
const tokens = {} as Record<Name, string>;
/** What the upgrade has made, before anybody signs in. */
const copied = {} as Record<Name, Awaited<ReturnType<typeof identitiesOf>>>;
const db = openDatabase();

beforeAll(async () => {
  await makeLegacy(db);
  for (const name of names) {
    ids[name] = await addLegacyUser(db, users[name]);
    tokens[name] = legacyJwt();
    await addLegacySession(db, ids[name], tokens[name]);
  }
  await migrate(db, await readBundledMigrations());
  const facebook = standInProvider('good-facebook', { id: 'facebook', name: 'Facebook' });
  const env = providerVariables([...localProviders(), facebook]);
  client = socialClient(env);
  required = socialClient({ ...env, EMAIL_VERIFICATION: 'required' });
  for (const name of names) copied[name] = await identitiesOf(client, ids[name]);
}, 60_000);

const personOf = (name: Name) => {
  const { email, providerId: sub = '' }: LegacyUser = users[name];
  return { sub, email };
};

/** A user as the earlier application writes one while both serve. */
async function writtenLater(provider: string | null, providerId: string | null, email = freshEmail()) {
  const [row] = await db.query<{ id: string }>(sql`
    INSERT INTO users (email, name, oauth_provider, oauth_id)
    VALUES (${email}, 'Later User', ${provider}, ${providerId}) RETURNING id`);
  return { userId: row!.id, email };
}

describe('the upgrade', () => {
  const real = {
    google: 'https://accounts.google.com',
    github: 'https://github.com/login/oauth',
    apple: 'https://appleid.apple.com',
    microsoft: 'legacy:microsoft',
    facebook: 'legacy:facebook',
    capitals: 'https://accounts.google.com',
    both: 'https://accounts.google.com',
    long: 'https://accounts.google.com',
  };
  test.each(Object.entries(real) as [keyof typeof real, string][])(
    'copies the identity of a user: %s as of %s',
    (name, issuer) => {
      const { provider, providerId, email } = users[name];
      expect(copied[name]).toEqual([
        {
          ...{ provider: provider.trim().toLowerCase(), issuer, subject: providerId },
          ...{ email: email.toLowerCase(), is_email_proved: true },
        },
      ]);
    },
  );

  test.each(['empty', 'halfProvider', 'halfId', 'emptyId'] as const)(
    'makes no identity of what the earlier system wrote for none: %s',
    (name) => expect(copied[name]).toEqual([]),
  );
});

describe('a user of the earlier system', () => {
  test.each(['google', 'github', 'apple', 'microsoft', 'facebook', 'both', 'long'] as const)(
    'signs in at the provider as ever, whatever its address says: the id, the sessions and the data stay: %s',
    async (name) => {
      const before = await refreshByBody(client, tokens[name]);
      expect(before.status, before.text).toBe(200);
      const { provider } = users[name];
      const entered = await enterBy(client, provider, { ...personOf(name), email: freshEmail() });
      expect(entered.user).toMatchObject({ id: ids[name], email: users[name].email, name: 'Earlier User' });
      expect((await client.get('/api/auth/me', { bearer: before.json.accessToken })).status).toBe(200);
      const again = await enterBy(client, provider, personOf(name));
      expect(again.user.id).toBe(ids[name]);
      expect(await providersOf(client, ids[name])).toEqual([provider]);
    },
  );

  test('signs in with EMAIL_VERIFICATION=required, where their address was never verified', async () => {
    const entered = await enterBy(required, 'github', personOf('github'));
    expect(entered.user).toMatchObject({ id: ids.github, emailVerified: false });
  });

  test('whose tenant nobody knew is known by it from their first sign-in on (OAU-08)', async () => {
    await enterBy(client, 'microsoft', personOf('microsoft'));
    const [identity] = await identitiesOf(client, ids.microsoft);
    expect(identity!.issuer).toBe(
      'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
    );
    expect((await enterBy(client, 'microsoft', personOf('microsoft'))).user.id).toBe(ids.microsoft);
  });

  test('keeps the password beside the provider', async () => {
    expect((await logInAs(client, users.both)).json.user.id).toBe(ids.both);
    await enterBy(client, 'google', personOf('both'));
    expect((await logInAs(client, users.both)).json.user.id).toBe(ids.both);
  });

  test.each(['', 'undefined', 'null'])('has nobody let in by the subject %j (OAU-08)', async (sub) => {
    const answer = await arrive(client, 'google', { sub, email: users.empty.email });
    expect(['provider_error', 'account_exists']).toContain(landing(answer).error);
    expect(await identitiesOf(client, ids.empty)).toEqual([]);
    expect(await identitiesOf(client, ids.emptyId)).toEqual([]);
  });

  test('is not let in by the subject at another provider (OAU-09)', async () => {
    const { sub } = personOf('github');
    const other = await enterBy(client, 'google', { sub, email: freshEmail() });
    expect(other.user.id).not.toBe(ids.github);
  });

  test('who removes the sign-in does not have it back, nor does the provider', async () => {
    const person = { sub: freshSubject(), email: freshEmail() };
    const { userId } = await writtenLater('google', person.sub, person.email);
    const entered = await enterBy(client, 'google', person);
    const options = { cookies: entered.cookies };
    await db.query(sql`UPDATE users SET password_hash = 'one' WHERE id = ${userId}::uuid`);
    const removed = await client.call('DELETE', '/api/auth/identities/google', options);
    expect(removed.status, removed.text).toBe(200);
    const elsewhere = await enterBy(client, 'google', { ...person, email: freshEmail() });
    expect(elsewhere.user.id).not.toBe(userId);
    expect(await providersOf(client, userId)).toEqual([]);
  });
});

describe('a user whom the earlier application wrote after the upgrade', () => {
  test.each(['google', 'github', 'microsoft', 'facebook'])(
    'is found by what it wrote, and has an identity from then on: %s',
    async (provider) => {
      const sub = freshSubject();
      const { userId, email } = await writtenLater(provider, sub);
      const entered = await enterBy(client, provider, { sub, email: freshEmail() });
      expect(entered.user).toMatchObject({ id: userId, email, name: 'Later User' });
      expect(await holdersOf(client, sub)).toEqual([{ user_id: userId }]);
      expect((await enterBy(client, provider, { sub, email })).user.id).toBe(userId);
    },
  );

  test('is found in the spelling in which the upgrade would have copied it', async () => {
    const sub = freshSubject();
    const { userId } = await writtenLater(' Google', sub);
    expect((await enterBy(client, 'google', { sub, email: freshEmail() })).user.id).toBe(userId);
  });

  test('is not found by an empty id (OAU-08)', async () => {
    const { email } = await writtenLater('google', '');
    const answer = await arrive(client, 'google', { sub: '', email });
    expect(landing(answer).error).toBe('provider_error');
  });

  test('can remove the sign-in before the first visit too', async () => {
    const sub = freshSubject();
    const { userId, email } = await writtenLater('google', sub);
    const token = legacyJwt();
    await addLegacySession(db, userId, token);
    await db.query(sql`UPDATE users SET password_hash = 'one' WHERE id = ${userId}::uuid`);
    await db.query(sql`UPDATE sessions SET authenticated_at = now() WHERE user_id = ${userId}::uuid`);
    const { accessToken: bearer } = (await refreshByBody(client, token)).json;
    const removed = await client.call('DELETE', '/api/auth/identities/google', { bearer });
    expect(removed.status, removed.text).toBe(200);
    const elsewhere = await enterBy(client, 'google', { sub, email: freshEmail() });
    expect(elsewhere.user).not.toMatchObject({ id: userId, email });
  });
});
