import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, otherPassword, registerUser } from '../../support/accounts.ts';
import { authCookies } from '../../support/client.ts';
import { mailsTo } from '../../support/mailbox.ts';
import { landing } from '../../support/social.ts';
import { countEvents, databaseOf, eventsOf, kindsTo } from '../two-factor/calls.ts';
import {
  arrive,
  beginLink,
  enterBy,
  freshSubject,
  holdersOf,
  identitiesOf,
  linkTo,
  providersOf,
  returnAs,
  socialClient,
  somebody,
} from './people.ts';

const client = socialClient();

const identities = (bearer: string) => client.get('/api/auth/identities', { bearer });
const unlink = (bearer: string, provider: string, service = client) =>
  service.call('DELETE', `/api/auth/identities/${provider}`, { bearer });

describe('POST /api/auth/oauth/:provider/link', () => {
  test.each(['google', 'github', 'apple', 'microsoft', 'acme', 'plain', 'invited'])(
    'answers a URL, and the way back links what the provider says, whatever its address: %s',
    async (provider) => {
      const owner = await somebody(client);
      const person = { sub: freshSubject(), email: freshEmail() };
      const visit = await beginLink(client, provider, owner.cookies, { redirectTo: '/settings' });
      expect(visit.answer.roundTrips).toBe(1);
      const linked = await returnAs(client, visit, person, owner.cookies);
      expect(landing(linked)).toEqual({
        ...{ status: 303, url: 'https://auth.test/settings', error: null, code: null },
      });
      expect(linked.roundTrips).toBe(1);
      expect(await providersOf(client, owner.userId)).toEqual([provider]);
      const listed = await identities(owner.bearer);
      expect(listed.json).toEqual({
        success: true,
        identities: [{ provider, email: person.email, linkedAt: expect.stringMatching(/^\d{4}-.*Z$/) }],
      });
      expect(listed.roundTrips).toBe(1);
      // No new session, and none of its cookies: whoever is signed in stays so.
      expect(linked.setCookies.filter((line) => !line.startsWith('__Host-nexora_oauth_'))).toEqual([]);
      expect((await enterBy(client, provider, person)).user.id).toBe(owner.userId);
    },
  );

  test('with a bearer answers it too, and the cookie of the visit comes along', async () => {
    const { bearer, userId } = await somebody(client);
    const { json, setCookies, status } = await client.post('/api/auth/oauth/google/link', undefined, {
      bearer,
    });
    expect(status).toBe(200);
    expect(json).toEqual({ success: true, url: expect.stringMatching(/^https:\/\/accounts\.google\.com\//) });
    expect(setCookies.map((line) => line.slice(0, 20))).toEqual(['__Host-nexora_oauth_']);
    expect(await providersOf(client, userId)).toEqual([]);
  });

  test('tells the owner at the address of the account, and is recorded (LNK-09)', async () => {
    const owner = await somebody(client);
    const earlier = await kindsTo(client, owner.email);
    await linkTo(client, 'google', { sub: freshSubject(), email: freshEmail() }, owner.cookies);
    const mails = (await mailsTo(client, owner.email)).slice(earlier.length);
    expect(mails).toMatchObject([{ kind: 'identity_linked', facts: { provider: 'Google' } }]);
    expect(await eventsOf(client, owner)).toContain('user_updated identity_linked google');
  });

  test('of an identity that the account has already is a success that changes and tells nothing', async () => {
    const owner = await somebody(client);
    const person = { sub: freshSubject(), email: owner.email };
    const visits = [
      await beginLink(client, 'google', owner.cookies),
      await beginLink(client, 'google', owner.cookies),
    ] as const;
    for (const visit of visits)
      expect(landing(await returnAs(client, visit, person, owner.cookies)).error).toBeNull();
    expect(await identitiesOf(client, owner.userId)).toHaveLength(1);
    expect(await countEvents(client, owner, 'identity_linked')).toBe(1);
    expect((await kindsTo(client, owner.email)).filter((kind) => kind === 'identity_linked')).toHaveLength(1);
  });

  test('is identity_already_linked at the start where the account has one of the provider, and at the end for another', async () => {
    const owner = await somebody(client);
    const late = await beginLink(client, 'google', owner.cookies);
    const first = freshSubject();
    await linkTo(client, 'google', { sub: first, email: owner.email }, owner.cookies);
    const again = await client.post('/api/auth/oauth/google/link', {}, { cookies: owner.cookies });
    expect([again.status, again.json.code]).toEqual([409, 'identity_already_linked']);
    const other = await returnAs(client, late, { sub: freshSubject(), email: owner.email }, owner.cookies);
    expect(landing(other).error).toBe('identity_already_linked');
    expect(await identitiesOf(client, owner.userId)).toMatchObject([{ subject: first }]);
  });

  test('does not make the address of the provider that of the account, nor verify it (LNK-10)', async () => {
    const { email, json, ...answer } = await registerUser(client);
    const person = { sub: freshSubject(), email: freshEmail() };
    await linkTo(client, 'google', person, authCookies({ json, ...answer }));
    const me = await client.get('/api/auth/me', { bearer: json.accessToken });
    expect(me.json.user).toMatchObject({ email, emailVerified: false });
  });

  test('asks for a session, a provider that is there and a target of ours', async () => {
    const { cookies } = await somebody(client);
    const link = (provider: string, body: object, caller = { cookies }) =>
      client.post(`/api/auth/oauth/${provider}/link`, body, caller);
    expect((await client.post('/api/auth/oauth/google/link')).json.code).toBe('unauthenticated');
    expect((await link('nobody', {})).json.code).toBe('not_found');
    expect((await link('google', { redirectTo: 'https://evil.example' })).json.code).toBe(
      'validation_failed',
    );
    expect((await link('google', { state: 'x' })).json.code).toBe('validation_failed');
  });
});

describe('GET /api/auth/me/export', () => {
  test('names the identities of the account, and holds no token of a provider (OAU-16)', async () => {
    const owner = await somebody(client);
    const person = { sub: freshSubject(), email: freshEmail() };
    await linkTo(client, 'apple', person, owner.cookies);
    const options = { bearer: owner.bearer, headers: freshClient() };
    const { json, text } = await client.get('/api/auth/me/export', options);
    expect(json.identities, text).toEqual([
      {
        ...{ provider: 'apple', issuer: 'https://appleid.apple.com', subject: person.sub },
        ...{ email: person.email, linkedAt: expect.any(String), lastUsedAt: expect.any(String) },
      },
    ]);
    expect(text).not.toMatch(/sealed|refresh_token|"r\./);
  });
});

describe('DELETE /api/auth/identities/:provider', () => {
  test('removes it, tells the owner and records it; it can be linked again, by anybody (LNK-09)', async () => {
    const owner = await somebody(client);
    const person = { sub: freshSubject(), email: freshEmail() };
    await linkTo(client, 'google', person, owner.cookies);
    const earlier = await kindsTo(client, owner.email);
    const answer = await unlink(owner.bearer, 'google');
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 1, json: { success: true } });
    expect(await holdersOf(client, person.sub)).toEqual([]);
    expect((await identities(owner.bearer)).json.identities).toEqual([]);
    const mails = (await mailsTo(client, owner.email)).slice(earlier.length);
    expect(mails).toMatchObject([{ kind: 'identity_unlinked', facts: { provider: 'Google' } }]);
    expect(await eventsOf(client, owner)).toContain('user_updated identity_unlinked google');
    expect((await client.get('/api/auth/me', { bearer: owner.bearer })).status).toBe(200);
    expect((await enterBy(client, 'google', person)).user.id).not.toBe(owner.userId);
  });

  test('of one that the account has not is 404 identity_not_found, for odd names too', async () => {
    const { bearer } = await somebody(client);
    for (const provider of ['google', 'nobody', 'GOOGLE', '%27', '..%2Fx']) {
      const answer = await unlink(bearer, provider);
      expect([answer.status, answer.json.code], provider).toEqual([404, 'identity_not_found']);
    }
  });

  test('refuses the last way in, and allows it once there is a password (LNK-08)', async () => {
    const person = { sub: freshSubject(), email: freshEmail() };
    const { user, cookies } = await enterBy(client, 'google', person);
    const remove = () => client.call('DELETE', '/api/auth/identities/google', { cookies });
    const refused = await remove();
    expect([refused.status, refused.json.code]).toEqual([409, 'last_sign_in_method']);
    expect(await providersOf(client, user.id)).toEqual(['google']);
    expect(await kindsTo(client, person.email)).toEqual([]);
    const passwords = { newPassword: otherPassword, confirmPassword: otherPassword };
    const set = await client.post('/api/auth/password/change', passwords, {
      cookies,
      headers: freshClient(),
    });
    expect(set.status, set.text).toBe(200);
    const removed = await client.call('DELETE', '/api/auth/identities/google', { cookies: authCookies(set) });
    expect(removed.status, removed.text).toBe(200);
  });

  test('allows it beside another provider that is configured, and does not beside one that is no longer (LNK-08)', async () => {
    const person = { sub: freshSubject(), email: freshEmail() };
    const { cookies, user } = await enterBy(client, 'google', person);
    await linkTo(client, 'acme', { sub: freshSubject(), email: freshEmail() }, cookies);
    const without = socialClient({ OIDC_PROVIDERS: undefined });
    const kept = await without.call('DELETE', '/api/auth/identities/google', { cookies });
    expect([kept.status, kept.json.code]).toEqual([409, 'last_sign_in_method']);
    // The one that is gone lets nobody in: it may go.
    const gone = await without.call('DELETE', '/api/auth/identities/acme', { cookies });
    expect(gone.status, gone.text).toBe(200);
    expect(await providersOf(client, user.id)).toEqual(['google']);
    await linkTo(client, 'acme', { sub: freshSubject(), email: freshEmail() }, cookies);
    expect((await client.call('DELETE', '/api/auth/identities/google', { cookies })).status).toBe(200);
    expect(await providersOf(client, user.id)).toEqual(['acme']);
  });

  test('forgets what the earlier system stored of it, so that it does not come back', async () => {
    const owner = await somebody(client);
    const sub = freshSubject();
    await databaseOf(client).query(sql`
      UPDATE users SET oauth_provider = 'google', oauth_id = ${sub} WHERE id = ${owner.userId}::uuid`);
    const person = { sub, email: freshEmail() };
    expect((await enterBy(client, 'google', person)).user.id).toBe(owner.userId);
    expect((await unlink(owner.bearer, 'google')).status).toBe(200);
    const [row] = await databaseOf(client).query(
      sql`SELECT oauth_provider, oauth_id FROM users WHERE id = ${owner.userId}::uuid`,
    );
    expect(row).toEqual({ oauth_provider: null, oauth_id: null });
    const again = await arrive(client, 'google', person);
    expect(landing(again).error).toBeNull();
    expect(await providersOf(client, owner.userId)).toEqual([]);
  });
});
