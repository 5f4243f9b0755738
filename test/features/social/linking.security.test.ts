import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail } from '../../support/accounts.ts';
import { authCookies } from '../../support/client.ts';
import { makeStale } from '../../support/hosted-pages.ts';
import { landing } from '../../support/social.ts';
import { change, countEvents, databaseOf, kindsTo } from '../two-factor/calls.ts';
import {
  beginLink,
  enterBy,
  freshSubject,
  holdersOf,
  linkTo,
  providersOf,
  returnAs,
  socialClient,
  somebody,
} from './people.ts';

const client = socialClient();

const stranger = () => ({ sub: freshSubject(), email: freshEmail() });

describe('the way back of a link', () => {
  test('with the session of another user links to neither (LNK-04)', async () => {
    const [owner, other, person] = [await somebody(client), await somebody(client), stranger()];
    const visit = await beginLink(client, 'google', owner.cookies);
    const answer = await returnAs(client, visit, person, other.cookies);
    expect(landing(answer)).toMatchObject({ status: 303, error: 'transaction_invalid' });
    expect(await holdersOf(client, person.sub)).toEqual([]);
    expect(await kindsTo(client, other.email)).toEqual([]);
  });

  test('with another session of the same user links nothing (LNK-04)', async () => {
    const [owner, person] = [await somebody(client), stranger()];
    const login = await client.post('/api/auth/login', {
      email: owner.email,
      password: 'correct horse battery staple',
    });
    const visit = await beginLink(client, 'google', owner.cookies);
    const answer = await returnAs(client, visit, person, authCookies(login));
    expect(landing(answer).error).toBe('transaction_invalid');
    expect(await holdersOf(client, person.sub)).toEqual([]);
  });

  test('without the cookie of the visit links nothing, though the session is there (OAU-01, LNK-04)', async () => {
    const [owner, thief, person] = [await somebody(client), await somebody(client), stranger()];
    const visit = await beginLink(client, 'google', thief.cookies);
    const answer = await returnAs(client, { ...visit, cookies: {} }, person, owner.cookies);
    expect(landing(answer).error).toBe('transaction_invalid');
    expect(await holdersOf(client, person.sub)).toEqual([]);
  });

  test.each(['google', 'apple'])(
    'after the session has ended links nothing, with and without its cookie: %s (LNK-04)',
    async (provider) => {
      for (const isSent of [true, false]) {
        const [owner, person] = [await somebody(client), stranger()];
        const visit = await beginLink(client, provider, owner.cookies);
        expect((await client.post('/api/auth/logout', undefined, { bearer: owner.bearer })).status).toBe(200);
        const answer = await returnAs(client, visit, person, isSent ? owner.cookies : {});
        expect(landing(answer).error).toBe('transaction_invalid');
        expect(await holdersOf(client, person.sub)).toEqual([]);
      }
    },
  );

  test('of a user who was banned meanwhile links nothing (SES-16)', async () => {
    const [owner, person] = [await somebody(client), stranger()];
    const visit = await beginLink(client, 'google', owner.cookies);
    await change(client, sql`UPDATE users SET banned_at = now() WHERE id = ${owner.userId}::uuid`);
    expect(landing(await returnAs(client, visit, person)).error).toBe('transaction_invalid');
    expect(await holdersOf(client, person.sub)).toEqual([]);
  });

  test('with an identity of another user is account_exists, and changes nothing (LNK-04)', async () => {
    const person = stranger();
    const holder = await enterBy(client, 'google', person);
    const owner = await somebody(client);
    const answer = await linkTo(client, 'google', person, owner.cookies);
    expect(landing(answer)).toMatchObject({ status: 303, error: 'account_exists' });
    expect(await holdersOf(client, person.sub)).toEqual([{ user_id: holder.user.id }]);
    expect(await providersOf(client, owner.userId)).toEqual([]);
    expect(await countEvents(client, owner, 'identity_linked')).toBe(0);
    expect(await kindsTo(client, person.email)).toEqual([]);
    expect((await enterBy(client, 'google', person)).user.id).toBe(holder.user.id);
  });

  test('of an identity that the earlier system stored for another user is not theirs (LNK-04)', async () => {
    const [holder, owner, person] = [await somebody(client), await somebody(client), stranger()];
    await databaseOf(client).query(sql`
      UPDATE users SET oauth_provider = 'google', oauth_id = ${person.sub} WHERE id = ${holder.userId}::uuid`);
    const answer = await linkTo(client, 'google', person, owner.cookies);
    expect(landing(answer).error).toBe('account_exists');
    expect((await enterBy(client, 'google', person)).user.id).toBe(holder.userId);
  });

  test('counts once: a second return with the state is refused (OAU-01, OAU-14)', async () => {
    const [owner, first, second] = [await somebody(client), stranger(), stranger()];
    const visit = await beginLink(client, 'google', owner.cookies);
    expect(landing(await returnAs(client, visit, first, owner.cookies)).error).toBeNull();
    await client.call('DELETE', '/api/auth/identities/google', { bearer: owner.bearer });
    expect(landing(await returnAs(client, visit, second, owner.cookies)).error).toBe('transaction_invalid');
    expect(await holdersOf(client, second.sub)).toEqual([]);
  });

  test('of a link signs nobody in, and that of a sign-in links nothing', async () => {
    const [owner, person] = [await somebody(client), stranger()];
    const linked = await linkTo(client, 'apple', person, owner.cookies);
    expect(linked.setCookies.filter((line) => !line.startsWith('__Host-nexora_oauth_'))).toEqual([]);
    const other = await enterBy(client, 'google', stranger(), { options: { cookies: owner.cookies } });
    expect(other.user.id).not.toBe(owner.userId);
    expect(await providersOf(client, owner.userId)).toEqual(['apple']);
  });
});

describe('linking and unlinking', () => {
  test('are refused on the way back when the session has become stale meanwhile (SES-15, LNK-04)', async () => {
    for (const provider of ['google', 'apple']) {
      const [owner, person] = [await somebody(client), stranger()];
      const visit = await beginLink(client, provider, owner.cookies);
      await makeStale(owner.email);
      const answer = await returnAs(client, visit, person, owner.cookies);
      expect(landing(answer)).toMatchObject({ status: 303, error: 'reauthentication_required' });
      expect(await holdersOf(client, person.sub)).toEqual([]);
      expect(await kindsTo(client, owner.email)).toEqual([]);
    }
  });

  test('are not for whoever has no session, and lists show only what is one\u2019s own', async () => {
    const [owner, other] = [await somebody(client), await somebody(client)];
    await linkTo(client, 'google', stranger(), owner.cookies);
    for (const answer of [
      await client.get('/api/auth/identities'),
      await client.call('DELETE', '/api/auth/identities/google'),
    ])
      expect(answer.json.code).toBe('unauthenticated');
    const listed = await client.get('/api/auth/identities', { bearer: other.bearer });
    expect(listed.json.identities).toEqual([]);
    const removed = await client.call('DELETE', '/api/auth/identities/google', { bearer: other.bearer });
    expect(removed.json.code).toBe('identity_not_found');
    expect(await providersOf(client, owner.userId)).toEqual(['google']);
  });
});
