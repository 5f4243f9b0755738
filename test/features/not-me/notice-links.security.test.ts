import { expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import type { LinkMailKind } from '../../../src/mail/mail-kind.ts';
import { freshEmail, logIn, otherPassword, password } from '../../support/accounts.ts';
import { authCookies } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { landing } from '../../support/social.ts';
import { codeAt } from '../../support/two-factor.ts';
import { linkFor, reset } from '../password/password-reset.ts';
import { arrive, freshSubject, identitiesOf, linkTo, socialClient } from '../social/people.ts';
import { enable, expectRefused, startSetup, verifiedUser } from '../two-factor/calls.ts';

const client = socialClient();

const follow = async (email: string, kind: LinkMailKind) =>
  client.post('/api/auth/not-me', { token: await tokenFrom(client, email, kind) });

/** An owner whose account an intruder has entered by its password. */
async function entered() {
  const owner = await verifiedUser(client);
  const intruder = await logIn(client, owner.email);
  return { owner, bearer: intruder.json.accessToken as string, cookies: authCookies(intruder) };
}

/** The owner comes back by the link of the reset. */
async function comeBack({ email }: { readonly email: string }, newPassword: string) {
  const { status } = await reset(client, await linkFor(client, email), newPassword);
  expect(status).toBe(200);
  return client.post('/api/auth/login', { email, password: newPassword });
}

test('the link of the mail about an identity takes that identity away (LNK-18)', async () => {
  const { owner, cookies } = await entered();
  const own = { sub: freshSubject(), email: owner.email };
  const foreign = { sub: freshSubject(), email: freshEmail() };
  expect(landing(await linkTo(client, 'google', own, cookies)).error).toBeNull();
  // Long ago, by the owner.
  await query(
    sql`UPDATE identities SET created_at = now() - interval '30 days' WHERE user_id = ${owner.userId}::uuid`,
  );
  await query(sql`DELETE FROM mail_outbox WHERE user_id = ${owner.userId}::uuid`);
  expect(landing(await linkTo(client, 'github', foreign, cookies)).error).toBeNull();
  expect((await follow(owner.email, 'identity_linked')).status).toBe(200);
  expect((await identitiesOf(client, owner.userId)).map(({ provider }) => provider)).toEqual(['google']);
});

test('so does that of one that a sign-in by its address linked (LNK-18)', async () => {
  const owner = await verifiedUser(client);
  const answer = await arrive(client, 'google', { sub: freshSubject(), email: owner.email });
  expect(landing(answer).error).toBeNull();
  expect(await identitiesOf(client, owner.userId)).toHaveLength(1);
  expect((await follow(owner.email, 'identity_linked')).status).toBe(200);
  expect(await identitiesOf(client, owner.userId)).toEqual([]);
});

test('the link of the mail about two-factor takes the factor away that was turned on (LNK-18)', async () => {
  const { owner, bearer } = await entered();
  const { secret } = (await startSetup(client, bearer)).json;
  expect((await enable(client, bearer, codeAt(secret))).status).toBe(200);
  expect((await follow(owner.email, 'two_factor_enabled')).status).toBe(200);
  const again = await comeBack(owner, otherPassword);
  expect([again.status, again.json.twoFactorRequired, again.json.user?.id]).toEqual([
    200,
    undefined,
    owner.userId,
  ]);
});

test('the link of the mail about a new password puts out whoever has chosen it (LNK-18)', async () => {
  const { owner, bearer } = await entered();
  const body = { currentPassword: password, newPassword: otherPassword, confirmPassword: otherPassword };
  const changed = await client.post('/api/auth/password/change', body, { bearer });
  expect(changed.status, changed.text).toBe(200);
  expect((await follow(owner.email, 'password_changed')).status).toBe(200);
  const refused = await client.post('/api/auth/login', { email: owner.email, password: otherPassword });
  expectRefused(refused, 401, 'invalid_credentials');
  expect((await comeBack(owner, 'yet another long passphrase')).status).toBe(200);
});

test('a reset ends the links that came before it, and mails one of its own (LNK-19)', async () => {
  const { owner } = await entered();
  const early = await tokenFrom(client, owner.email, 'new_device');
  expect((await comeBack(owner, otherPassword)).status).toBe(200);
  expectRefused(await client.post('/api/auth/not-me', { token: early }), 400, 'token_invalid');
  expect((await follow(owner.email, 'password_changed')).status).toBe(200);
});
