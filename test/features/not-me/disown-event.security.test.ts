import { describe, expect, test, vi } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, logIn, otherPassword, password } from '../../support/accounts.ts';
import { authCookies, TestClient } from '../../support/client.ts';
import { faultyEndpoint, query } from '../../support/database.ts';
import { mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { landing } from '../../support/social.ts';
import { challenge, codeAt, completeChallenge, freshCode, twoFactorUser } from '../../support/two-factor.ts';
import { linkFor, reset } from '../password/password-reset.ts';
import { signInAgain } from '../password/signed-in-owner.ts';
import { signIn } from '../sessions/session-fixtures.ts';
import { arrive, enterBy, freshSubject, identitiesOf, linkTo, socialClient } from '../social/people.ts';
import {
  enable,
  expectAsked,
  expectRefused,
  kindsTo,
  startSetup,
  trustDevice,
  verifiedUser,
} from '../two-factor/calls.ts';

const client = socialClient();

const disown = (bearer: string, eventId: string, by = client) =>
  by.post('/api/auth/not-me', { eventId }, { bearer });

interface StoredEvent {
  readonly id: string;
  readonly at: Date;
}

/** The newest event of a type, and of a reason if it is given. */
async function newestEvent(userId: string, type: string, reason: string | null = null): Promise<StoredEvent> {
  const [event] = await query<StoredEvent>(sql`
    SELECT id, at FROM security_events
    WHERE user_id = ${userId}::uuid AND type = ${type} AND reason IS NOT DISTINCT FROM ${reason}::text
    ORDER BY at DESC LIMIT 1`);
  if (event === undefined) throw new Error(`there is no event ${type} ${reason}`);
  return event;
}

const statusOf = async (bearer: string) => (await client.get('/api/auth/me', { bearer })).status;

const liveLinks = (userId: string) =>
  query<{
    readonly since: Date | null;
    readonly days: number;
    readonly method: string | null;
    readonly email: string;
  }>(
    sql`SELECT disowned_since AS since, round(extract(epoch FROM expires_at - now()) / 86400)::int AS days, method, email
      FROM one_time_tokens WHERE owner_id = ${userId}::uuid AND kind = 'not_me' AND spent_at IS NULL ORDER BY disowned_since`,
  );

describe('an event that its owner disowns in a session (LNK-18)', { timeout: 60_000 }, () => {
  test('puts the intruder out by every way, once the link of the mail and then that of the reset are followed', async () => {
    const owner = await verifiedUser(client);
    const intruder = await logIn(client, owner.email);
    const { id: eventId } = await newestEvent(owner.userId, 'authn_login_success');
    // What the intruder adds: an account of their own at a provider, a factor, and a device that is trusted.
    const person = { sub: freshSubject(), email: freshEmail() };
    expect(landing(await linkTo(client, 'github', person, authCookies(intruder))).error).toBeNull();
    const setup = await startSetup(client, intruder.json.accessToken);
    const { secret } = setup.json;
    const enabled = await enable(client, intruder.json.accessToken, codeAt(secret));
    expect(enabled.status, enabled.text).toBe(200);
    const factor = { ...owner, refreshToken: '', secret, backupCodes: enabled.json.backupCodes };
    const trusted = await trustDevice(client, factor);

    const pressed = await disown(owner.accessToken, eventId);
    expect([pressed.status, pressed.json.success, pressed.roundTrips]).toEqual([202, true, 2]);
    expect([await statusOf(intruder.json.accessToken), await statusOf(owner.accessToken)]).toEqual([
      401, 200,
    ]);
    await expectAsked(client, owner, { trustedDeviceToken: trusted.token });
    // A session proves no mailbox: what only that may end is there.
    expect(await identitiesOf(client, owner.userId)).toHaveLength(1);

    const token = await tokenFrom(client, owner.email, 'activity_disowned');
    expect((await client.post('/api/auth/not-me', { token })).status).toBe(200);
    expect((await reset(client, await linkFor(client, owner.email))).status).toBe(200);
    expect(await identitiesOf(client, owner.userId)).toEqual([]);
    const stranger = await enterBy(client, 'github', person);
    expect(stranger.user.id).not.toBe(owner.userId);
    // Neither the factor nor the trusted device is left, and the owner is let in by the new password alone.
    const again = await client.post('/api/auth/login', { email: owner.email, password: otherPassword });
    expect([again.status, again.json.user?.id]).toEqual([200, owner.userId]);
    const listed = await client.get('/api/auth/two-factor', { bearer: again.json.accessToken });
    expect(listed.json).toMatchObject({ factors: [], backupCodesLeft: 0 });
  });

  test('counts from the event, and remembers by which way the disowned sign-in came', async () => {
    const owner = await signIn(client);
    await signInAgain(client, owner.email);
    const login = await newestEvent(owner.userId, 'authn_login_success');
    await query(sql`UPDATE security_events SET at = at - interval '3 days' WHERE id = ${login.id}::uuid`);
    const registered = await newestEvent(owner.userId, 'user_created');
    for (const { id } of [login, registered]) expect((await disown(owner.accessToken, id)).status).toBe(202);
    const ofNotices = await query(
      sql`SELECT FROM mail_outbox WHERE user_id = ${owner.userId}::uuid AND kind = 'new_device'`,
    );
    const links = (await liveLinks(owner.userId)).filter(({ method, days }) => method !== null || days > 0);
    expect(ofNotices).toHaveLength(1);
    expect(links).toHaveLength(3);
    expect(links[0]).toEqual({
      since: new Date(login.at.getTime() - 3 * 86_400_000),
      days: 4,
      method: 'password',
      email: owner.email,
    });
    expect(links.filter(({ method, since }) => method === null && since !== null)).toMatchObject([
      { since: registered.at, days: 7 },
    ]);
  });

  test('by a thief in a session takes nothing from its owner, and spends one budget of mails', async () => {
    const owner = await twoFactorUser(client);
    const trusted = await trustDevice(client, owner);
    const stolen = await completeChallenge(client, await challenge(client, owner), {
      code: await freshCode(client, owner),
    });
    const { accessToken } = stolen.json;
    const { id } = await newestEvent(owner.userId, 'authn_login_success', 'second_factor');
    for (let time = 0; time < 20; time++) expect((await disown(accessToken, id)).status).toBe(202);
    const kinds = await kindsTo(client, owner.email);
    expect(kinds.filter((kind) => kind === 'activity_disowned')).toHaveLength(5);
    // Password and factor are as they were; the device is asked again, as after a sign-out everywhere.
    const asked = await challenge(client, owner);
    const again = await completeChallenge(client, asked, { code: await freshCode(client, owner) });
    expect([again.status, again.json.user.recoveryRequired]).toEqual([200, false]);
    await expectAsked(client, owner, { trustedDeviceToken: trusted.token });
    // It silences no notice.
    expect(await kindsTo(client, owner.email)).toContain('new_device');
  });

  test('lists in the mail which trusted devices it ended', async () => {
    const owner = await twoFactorUser(client);
    await trustDevice(client, owner);
    const { accessToken } = (
      await completeChallenge(client, await challenge(client, owner), {
        code: await freshCode(client, owner),
      })
    ).json;
    const { id } = await newestEvent(owner.userId, 'authn_login_success', 'second_factor');
    expect((await disown(accessToken, id)).status).toBe(202);
    const [mail] = await query<{ readonly facts: { readonly ended?: readonly object[] } }>(
      sql`SELECT facts FROM mail_outbox WHERE user_id = ${owner.userId}::uuid AND kind = 'activity_disowned'`,
    );
    expect(mail?.facts.ended).toMatchObject([{ kind: 'trusted_device' }]);
  });

  test('that is not one of the account, or older than seven days, is none', async () => {
    const owner = await signIn(client);
    const other = await signIn(client);
    const foreign = await newestEvent(other.userId, 'user_created');
    const own = await newestEvent(owner.userId, 'user_created');
    await query(sql`UPDATE security_events SET at = now() - interval '169 hours' WHERE id = ${own.id}::uuid`);
    for (const id of [foreign.id, own.id, crypto.randomUUID()])
      expectRefused(await disown(owner.accessToken, id), 404, 'event_not_found');
    await query(sql`UPDATE security_events SET at = now() - interval '167 hours' WHERE id = ${own.id}::uuid`);
    expect((await disown(owner.accessToken, own.id)).status).toBe(202);
    expect(await statusOf(other.accessToken)).toBe(200);
    expect(await kindsTo(client, other.email)).toEqual([]);
  });

  test('takes a live session: of a bearer, or of a cookie that our own pages send', async () => {
    const owner = await signIn(client);
    const { id } = await newestEvent(owner.userId, 'user_created');
    expectRefused(await client.post('/api/auth/not-me', { eventId: id }), 401, 'unauthenticated');
    const cookies = { '__Host-nexora_access': owner.accessToken };
    const headers = { Origin: 'https://evil.example' };
    expectRefused(
      await client.post('/api/auth/not-me', { eventId: id }, { cookies, headers }),
      403,
      'csrf_rejected',
    );
    expect((await client.post('/api/auth/not-me', { eventId: id }, { cookies })).status).toBe(202);
    await client.call('DELETE', '/api/auth/sessions', { bearer: owner.accessToken });
    expectRefused(await disown(owner.accessToken, id), 401, 'unauthenticated');
  });

  test('comes in place of a token, not beside it', async () => {
    const owner = await signIn(client);
    const { id: eventId } = await newestEvent(owner.userId, 'user_created');
    const both = await client.post(
      '/api/auth/not-me',
      { eventId, token: 'nxn_x' },
      { bearer: owner.accessToken },
    );
    expectRefused(both, 400, 'validation_failed');
    expectRefused(
      await client.post('/api/auth/not-me', {}, { bearer: owner.accessToken }),
      400,
      'validation_failed',
    );
  });

  test('whose answer is lost is disowned once, and its link works (DBF-10)', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const owner = await signIn(client);
    const { id } = await newestEvent(owner.userId, 'user_created');
    const { endpoint } = await faultyEndpoint(['pass', 'commit-then-drop']);
    const answer = await disown(owner.accessToken, id, new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint }));
    expect([answer.status, answer.roundTrips]).toEqual([202, 3]);
    expect(await mailsTo(client, owner.email)).toMatchObject([{ kind: 'activity_disowned' }]);
    const token = await tokenFrom(client, owner.email, 'activity_disowned');
    expect((await client.post('/api/auth/not-me', { token })).status).toBe(200);
    const refused = await client.post('/api/auth/login', { email: owner.email, password });
    expect(refused.status).toBe(401);
  });
});

test('a provider’s account of the address still enters while the mailbox has not spoken', async () => {
  const owner = await verifiedUser(client);
  const person = { sub: freshSubject(), email: owner.email };
  expect(
    landing(await linkTo(client, 'google', person, { '__Host-nexora_access': owner.accessToken })).error,
  ).toBeNull();
  const { id } = await newestEvent(owner.userId, 'user_updated', 'identity_linked');
  expect((await disown(owner.accessToken, id)).status).toBe(202);
  expect(landing(await arrive(client, 'google', person)).error).toBeNull();
});
