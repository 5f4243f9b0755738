import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, otherPassword, password, registerUser } from '../../support/accounts.ts';
import { authCookies } from '../../support/client.ts';
import { storeLink } from '../../support/links.ts';
import { landing } from '../../support/social.ts';
import { adminSecret } from '../../support/test-env.ts';
import { move } from '../email-change/mover.ts';
import { signedInBy } from '../sessions/session-fixtures.ts';
import { change, databaseOf } from '../two-factor/calls.ts';
import { arrive, enterBy, freshSubject, linkTo, providersOf, socialClient } from './people.ts';

const client = socialClient({ ADMIN_SECRET: adminSecret });

/** Somebody with a password whose address is verified, and who has linked providers. */
async function somebody() {
  const answer = await registerUser(client);
  const signedIn = { ...signedInBy(answer), email: answer.email };
  await change(client, sql`UPDATE users SET email_verified_at = now() WHERE id = ${signedIn.userId}::uuid`);
  return { ...signedIn, cookies: authCookies(answer) };
}

type Somebody = Awaited<ReturnType<typeof somebody>>;

async function link(owner: Pick<Somebody, 'cookies'>, provider: string, email = freshEmail()) {
  const person = { sub: freshSubject(), email };
  expect(landing(await linkTo(client, provider, person, owner.cookies)).error).toBeNull();
  return person;
}

/** What the earlier application writes while both serve, of which nothing was copied. */
async function linkAsEarlier({ userId }: { readonly userId: string }, provider: string) {
  const sub = freshSubject();
  await change(
    client,
    sql`UPDATE users SET oauth_provider = ${provider}, oauth_id = ${sub} WHERE id = ${userId}::uuid`,
  );
  return { sub, email: freshEmail() };
}

async function reset({ userId: id, email }: Pick<Somebody, 'userId' | 'email'>): Promise<void> {
  const token = await storeLink(client, 'reset_password', { id, email });
  const passwords = { password: otherPassword, confirmPassword: otherPassword };
  const answer = await client.post(
    '/api/auth/password/reset',
    { token, ...passwords },
    { headers: freshClient() },
  );
  expect(answer.status, answer.text).toBe(200);
}

/** Whose account an identity leads to. */
const ownerOf = async (provider: string, person: { readonly sub: string; readonly email: string }) => {
  const answer = await arrive(client, provider, { ...person, email: freshEmail() });
  expect(landing(answer).error).toBeNull();
  const me = await client.get('/api/auth/me', { cookies: authCookies(answer) });
  return me.json.user.id as string;
};

describe('a reset', () => {
  test('leaves the identities whose proved address is that of the account, and ends all others (LNK-05, SES-21)', async () => {
    const owner = await somebody();
    const own = await link(owner, 'google', owner.email);
    const elsewhere = await link(owner, 'github');
    const unproved = await link(owner, 'plain', owner.email);
    const other = await link(owner, 'acme');
    await reset(owner);
    expect(await providersOf(client, owner.userId)).toEqual(['google']);
    expect(await ownerOf('google', own)).toBe(owner.userId);
    for (const [provider, person] of [
      ['github', elsewhere],
      ['acme', other],
      ['plain', unproved],
    ] as const)
      expect(await ownerOf(provider, person)).not.toBe(owner.userId);
  });

  test('compares with the address that the account has by then', async () => {
    const owner = await somebody();
    const former = await link(owner, 'google', owner.email);
    const { email } = await move(client, owner);
    const present = await link(owner, 'github', email);
    await reset({ ...owner, email });
    expect(await providersOf(client, owner.userId)).toEqual(['github']);
    expect(await ownerOf('google', former)).not.toBe(owner.userId);
    expect(await ownerOf('github', present)).toBe(owner.userId);
  });
});

describe('a sign-in that its owner disowns, and an address that comes back', () => {
  test('leave the identities from before that stand for the address, and end all others: not-me (LNK-15)', async () => {
    const owner = await somebody();
    const before = await link(owner, 'google', owner.email);
    const elsewhere = await link(owner, 'acme');
    const token = await storeLink(client, 'not_me', { id: owner.userId, email: owner.email });
    const after = await link(owner, 'github', owner.email);
    const answer = await client.post('/api/auth/not-me', { token });
    expect(answer.status, answer.text).toBe(200);
    expect(await providersOf(client, owner.userId)).toEqual(['google']);
    expect(await ownerOf('google', before)).toBe(owner.userId);
    for (const [provider, person] of [
      ['github', after],
      ['acme', elsewhere],
    ] as const)
      expect(await ownerOf(provider, person)).not.toBe(owner.userId);
  });
});

describe('a take-over', () => {
  test('ends every identity, and what the earlier system stored of one that was never copied (LNK-01, LNK-05)', async () => {
    const { email, json, ...answer } = await registerUser(client);
    const squatter = { userId: json.user.id as string, cookies: authCookies({ json, ...answer }) };
    const linked = await link(squatter, 'acme');
    const earlier = await linkAsEarlier(squatter, 'github');
    const owner = await enterBy(client, 'google', { sub: freshSubject(), email });
    expect(owner.user.id).toBe(squatter.userId);
    expect(await providersOf(client, squatter.userId)).toEqual(['google']);
    expect(await ownerOf('acme', linked)).not.toBe(squatter.userId);
    expect(await ownerOf('github', earlier)).not.toBe(squatter.userId);
  });
});

describe('an account without a password that is closed by its owner', () => {
  test('loses the identities added since, and is theirs again by the mail of a reset (SES-21)', async () => {
    const person = { sub: freshSubject(), email: freshEmail() };
    const { user, cookies } = await enterBy(client, 'google', person);
    const token = await storeLink(client, 'not_me', { id: user.id, email: user.email });
    const thief = await link({ cookies }, 'acme', user.email);
    expect((await client.post('/api/auth/not-me', { token })).status).toBe(200);
    expect(await providersOf(client, user.id)).toEqual(['google']);
    expect(await ownerOf('acme', thief)).not.toBe(user.id);
    expect((await client.get('/api/auth/me', { cookies })).status).toBe(401);
    await reset({ userId: user.id, email: user.email });
    const login = await client.post('/api/auth/login', { email: user.email, password: otherPassword });
    expect(login.json.user.id).toBe(user.id);
  });
});

describe('a deletion', () => {
  test('takes the identities along: whoever comes back is new (PRV-03)', async () => {
    const owner = await somebody();
    const person = await link(owner, 'acme', owner.email);
    const body = { password };
    const { accessToken: bearer } = owner;
    const deleted = await client.call('DELETE', '/api/auth/me', { bearer, body, headers: freshClient() });
    expect(deleted.status, deleted.text).toBe(200);
    const left = await databaseOf(client).query(
      sql`SELECT id FROM identities WHERE subject = ${person.sub} OR user_id = ${owner.userId}::uuid`,
    );
    expect(left).toEqual([]);
    const again = await enterBy(client, 'acme', person);
    expect(again.user).toMatchObject({ email: owner.email, hasPassword: false });
    expect(again.user.id).not.toBe(owner.userId);
  });
});
