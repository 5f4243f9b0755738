import { describe, expect, test, vi } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, logIn, password, registerUser } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { faultyEndpoint, query } from '../../support/database.ts';
import { mailsTo, tokenFrom, waitingMailsTo } from '../../support/mailbox.ts';
import {
  expectTokenInvalid,
  liveLinks,
  move,
  revert,
  settle,
  storedUser,
  storeLinkTo,
} from '../email-change/mover.ts';
import { type SignedIn, signIn } from '../sessions/session-fixtures.ts';
import { forget, reset } from './password-reset.ts';
import { deleteAccount, recordsOf } from './signed-in-owner.ts';
import { storeAccount } from './stored-accounts.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const ask = (email: string) => forget(client, email, freshClient());

/** Somebody whose account was moved away. */
async function robbed() {
  const owner = await settle(await signIn(client));
  return { owner, ...(await move(client, owner)) };
}

/** Asks for a new password at an address that the account has left, and returns the revert link that is sent instead. */
async function revertLinkTo(email: string): Promise<string> {
  const before = (await mailsTo(client, email)).length;
  await ask(email);
  expect(await mailsTo(client, email)).toHaveLength(before + 1);
  return tokenFrom(client, email, 'email_changed');
}

async function kindsTo(email: string): Promise<string[]> {
  return (await mailsTo(client, email)).map(({ kind }) => kind);
}

/** The revert links of a user that are not consumed. */
function waysBack({ userId }: SignedIn) {
  return query(sql`
    SELECT email, target_email, created_at::text, expires_at::text FROM one_time_tokens
    WHERE owner_id = ${userId}::uuid AND kind = 'revert_email' AND spent_at IS NULL ORDER BY created_at`);
}

/** Moves the time of all revert links of a user. */
function age({ userId }: SignedIn, interval: string) {
  return query(sql`
    UPDATE one_time_tokens SET created_at = created_at - ${interval}::interval, expires_at = expires_at - ${interval}::interval
    WHERE owner_id = ${userId}::uuid AND kind = 'revert_email'`);
}

describe('POST /api/auth/password/forgot for an address that an account has left', () => {
  test('mails the revert link once more, in one round trip and the account’s language, and changes nothing (RST-04)', async () => {
    const { owner, email, revertToken } = await robbed();
    await query(sql`UPDATE users SET locale = 'de' WHERE id = ${owner.userId}::uuid`);
    const [records, toNew] = [await recordsOf(owner.userId), await mailsTo(client, email)];
    const before = await storedUser(owner.userId);
    const answer = await ask(owner.email);
    expect(answer).toMatchObject({ status: 202, roundTrips: 1, hashes: 0, setCookies: [] });
    const [first, again, ...others] = await mailsTo(client, owner.email);
    expect(others).toEqual([]);
    expect(again).toMatchObject({
      kind: 'email_changed',
      user_id: owner.userId,
      locale: 'de',
      outcome: null,
    });
    expect(again!.token).toMatch(/^nxb_/);
    expect(first!.token).toBe(revertToken);
    expect(again!.token).not.toBe(revertToken);
    expect(await recordsOf(owner.userId)).toEqual(records);
    expect(await mailsTo(client, email)).toEqual(toNew);
    expect(await storedUser(owner.userId)).toEqual(before);
    expect((await client.get('/api/auth/me', { bearer: owner.accessToken })).status).toBe(200);
    await logIn(client, email);
  });

  test('leads back to the account, and the first link is dead then', async () => {
    const { owner, revertToken } = await robbed();
    const again = await revertLinkTo(owner.email);
    expect((await revert(client, again)).status).toBe(200);
    expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email, has_password: false });
    expectTokenInvalid(await revert(client, revertToken), 1);
    expect(await liveLinks(owner.userId)).toEqual(['reset_password']);
    const token = await tokenFrom(client, owner.email, 'reset_password');
    expect((await reset(client, token, password)).status).toBe(200);
    await logIn(client, owner.email);
  });

  test('leaves the first link good, and is dead itself once that is used', async () => {
    const { owner, revertToken } = await robbed();
    const renewed = [await revertLinkTo(owner.email), await revertLinkTo(owner.email)];
    expect((await revert(client, revertToken)).status).toBe(200);
    for (const token of renewed) expectTokenInvalid(await revert(client, token), 1);
    expect(await liveLinks(owner.userId)).toEqual(['reset_password']);
  });

  test('holds the address no longer than the first link does', async () => {
    const { owner, revertToken } = await robbed();
    await age(owner, '6 days');
    const [first] = await waysBack(owner);
    const again = await revertLinkTo(owner.email);
    expect(await waysBack(owner)).toEqual([first, first]);
    await age(owner, '1 day');
    for (const token of [revertToken, again]) expectTokenInvalid(await revert(client, token), 1);
    await ask(owner.email);
    expect(await mailsTo(client, owner.email)).toHaveLength(2);
    await registerUser(client, { email: owner.email });
  });

  test('is not sent once its link has expired', async () => {
    const { owner } = await robbed();
    await age(owner, '167 hours 30 minutes');
    await ask(owner.email);
    const [row] = await query(sql`
      SELECT m.kind, m.expires_at = t.expires_at AS ends_with_link FROM mail_outbox m, one_time_tokens t
      WHERE m.recipient = ${owner.email} AND t.owner_id = ${owner.userId}::uuid AND t.kind = 'revert_email'
      ORDER BY m.created_at DESC LIMIT 1`);
    expect(row).toEqual({ kind: 'email_changed', ends_with_link: true });
  });

  test('of an account whose address changed twice revokes the later revert link and its renewals, as the first link does (EML-08)', async () => {
    const { owner, email } = await robbed();
    const later = await move(client, owner, email);
    const [again, laterAgain] = [await revertLinkTo(owner.email), await revertLinkTo(email)];
    expect((await revert(client, again)).status).toBe(200);
    for (const token of [later.revertToken, laterAgain]) expectTokenInvalid(await revert(client, token), 1);
    expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email });
  });

  test('outlives a use of the later revert link, as the first link does: a thief who changes the address twice gains nothing (EML-08)', async () => {
    const { owner, email } = await robbed();
    await move(client, owner, email);
    const [again, laterAgain] = [await revertLinkTo(owner.email), await revertLinkTo(email)];
    expect((await revert(client, laterAgain)).status).toBe(200);
    expect(await storedUser(owner.userId)).toMatchObject({ email });
    expect((await revert(client, again)).status).toBe(200);
    expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email });
  });

  test('of one that has left the address twice renews the first of its revert links, which revokes all later ones', async () => {
    const { owner, email, revertToken } = await robbed();
    await move(client, owner, email, owner.email);
    const thief = await move(client, owner, owner.email);
    const later = await tokenFrom(client, owner.email, 'email_changed');
    const again = await revertLinkTo(owner.email);
    expect((await revert(client, again)).status).toBe(200);
    for (const token of [revertToken, later]) expectTokenInvalid(await revert(client, token), 1);
    expectTokenInvalid(await revert(client, await tokenFrom(client, email, 'email_changed')), 1);
    expect(await kindsTo(thief.email)).toContain('email_restored');
    expect(await liveLinks(owner.userId)).toEqual(['reset_password']);
  });

  test('of one that has come back to it mails a link for a new password', async () => {
    const { owner, email } = await robbed();
    await move(client, owner, email, owner.email);
    const [mails, before] = [await kindsTo(owner.email), await waysBack(owner)];
    await ask(owner.email);
    expect((await kindsTo(owner.email)).toSorted()).toEqual([...mails, 'reset_password'].toSorted());
    expect(await waysBack(owner)).toEqual(before);
  });

  test('mails the address as it was stored, whatever was typed (EML-03)', async () => {
    const id = crypto.randomUUID().slice(0, 13);
    const stored = `zo\u00eb-${id}@b\u00fccher.example`;
    const { owner } = await robbed();
    await storeLinkTo(client, 'revert_email', owner, stored);
    await ask(` zoe\u0308-${id}@B\u00dcCHER.example`);
    expect((await revert(client, await tokenFrom(client, stored, 'email_changed'))).status).toBe(200);
    expect(await storedUser(owner.userId)).toMatchObject({ email: stored });
  });

  test('mails nothing about an account that is banned, until the ban is lifted', async () => {
    const { owner } = await robbed();
    await query(sql`UPDATE users SET banned_at = now() WHERE id = ${owner.userId}::uuid`);
    await ask(owner.email);
    expect(await kindsTo(owner.email)).toEqual(['email_changed']);
    expect(await waysBack(owner)).toHaveLength(1);
    await query(sql`UPDATE users SET banned_at = NULL WHERE id = ${owner.userId}::uuid`);
    await revertLinkTo(owner.email);
  });

  test('mails nothing to the demo user’s address (DEM-04)', async () => {
    const { owner } = await robbed();
    await storeLinkTo(client, 'revert_email', owner, 'demo@nexora.ai');
    expect((await ask('demo@nexora.ai')).status).toBe(202);
    expect(await kindsTo('demo@nexora.ai')).toEqual([]);
    expect(await waysBack(owner)).toHaveLength(2);
    await query(sql`DELETE FROM one_time_tokens WHERE owner_id = ${owner.userId}::uuid`);
  });

  test('mails nothing once the account is gone, and what was still to be sent goes with it (PRV-04)', async () => {
    const { owner } = await robbed();
    const again = await revertLinkTo(owner.email);
    expect((await deleteAccount(client, owner)).status).toBe(200);
    expectTokenInvalid(await revert(client, again), 1);
    await ask(owner.email);
    expect((await waitingMailsTo(client, owner.email)).map(({ kind }) => kind)).toEqual(['account_deleted']);
    expect(await waysBack(owner)).toEqual([]);
  });

  test('mails five times in an hour for one client, and once more for another one (EML-10, EML-14)', async () => {
    const { owner } = await robbed();
    const headers = freshClient();
    // The mail about the change is of this kind, and counts in no budget.
    for (let index = 0; index < 7; index++)
      expect((await forget(client, owner.email, headers)).status).toBe(202);
    expect(await kindsTo(owner.email)).toEqual(Array(6).fill('email_changed'));
    expect(await waysBack(owner)).toHaveLength(6);
    await revertLinkTo(owner.email);
  });

  test('keeps which way back it is: a renewed link gives no other rights', async () => {
    const { owner } = await robbed();
    await query(
      sql`UPDATE one_time_tokens SET way_back = 'corrected' WHERE owner_id = ${owner.userId}::uuid AND kind = 'revert_email'`,
    );
    await revertLinkTo(owner.email);
    const rows = await query(sql`
      SELECT way_back FROM one_time_tokens WHERE owner_id = ${owner.userId}::uuid AND kind = 'revert_email'`);
    expect(rows).toEqual([{ way_back: 'corrected' }, { way_back: 'corrected' }]);
  });

  test('whose answer is lost is repeated, and one mail is written (DBF-10)', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { owner } = await robbed();
    const { endpoint } = await faultyEndpoint(['commit-then-drop']);
    const faulty = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint, DATABASE_TIMEOUT_MS: '2500' });
    expect(await forget(faulty, owner.email)).toMatchObject({ status: 202, roundTrips: 2 });
    expect(await kindsTo(owner.email)).toEqual(['email_changed', 'email_changed']);
    expect(await waysBack(owner)).toHaveLength(2);
  });

  test('is no concern of other accounts, nor of an address that nobody has left', async () => {
    const [{ owner }, other] = [await robbed(), await robbed()];
    const [unknown, { email: known }] = [freshEmail(), await storeAccount(null)];
    for (const address of [owner.email, unknown, known]) await ask(address);
    expect(await waysBack(other.owner)).toHaveLength(1);
    expect(await kindsTo(other.owner.email)).toEqual(['email_changed']);
    expect([await kindsTo(unknown), await kindsTo(known)]).toEqual([[], ['reset_password']]);
  });
});
