import { describe, expect, test } from 'vitest';
import { type Fragment, sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, logIn, password, registerUser } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { faultyEndpoint, query } from '../../support/database.ts';
import { causeFurtherMails, mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { codeAt } from '../../support/two-factor.ts';
import {
  confirm,
  expectTokenInvalid,
  linkTo,
  liveLinks,
  move,
  requestChange,
  revert,
  settle,
  storedUser,
} from '../email-change/mover.ts';
import { forget, reset } from '../password/password-reset.ts';
import { expectDead, signInAgain } from '../password/signed-in-owner.ts';
import { type SignedIn, signedInBy, signIn } from '../sessions/session-fixtures.ts';
import { enable, startSetup } from '../two-factor/calls.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const reportNotMe = (token: string) => client.post('/api/auth/not-me', { token });
const kindsTo = async (email: string) => (await mailsTo(client, email)).map(({ kind }) => kind);

/** The kinds of the mails that went out, or would have but for the deletion of the account. */
async function sentTo(email: string): Promise<string[]> {
  const rows = await query<{ kind: string }>(sql`
    SELECT kind FROM mail_outbox WHERE recipient = ${email} AND outcome IS DISTINCT FROM 'dropped'`);
  return rows.map(({ kind }) => kind);
}

/** Signs in at an address, as somebody who reads the mail there or not, and returns the not-me link of the notice. */
async function notMeLinkTo(email: string): Promise<string> {
  await signInAgain(client, email);
  return tokenFrom(client, email, 'new_device');
}

function waysBackOf({ userId }: SignedIn) {
  return query(sql`
    SELECT target_email AS email, way_back, round(extract(epoch FROM expires_at - created_at) / 3600)::int AS hours
    FROM one_time_tokens WHERE owner_id = ${userId}::uuid AND kind = 'revert_email' AND spent_at IS NULL ORDER BY created_at`);
}

async function accountWith(assignment: Fragment): Promise<SignedIn> {
  const owner = await signIn(client);
  await query(sql`UPDATE users SET ${assignment} WHERE id = ${owner.userId}::uuid`);
  return owner;
}

/** An account of a day's age, whose address nobody has verified. */
const oldAccount = () => accountWith(sql`created_at = now() - interval '25 hours'`);
/** An account of the earlier system, which never asked anybody to verify an address. */
const migratedAccount = () => accountWith(sql`is_verification_exempt = true`);

const expectAt = async ({ userId }: SignedIn, email: string) =>
  expect(await storedUser(userId)).toMatchObject({ email, is_verified: true });

/** The owner takes the account back, at the address that the link is for, with a password of their own. */
async function resetAt(email: string): Promise<void> {
  expect((await reset(client, await tokenFrom(client, email, 'reset_password'), password)).status).toBe(200);
}

describe('a typing error at the registration, corrected within a day (LNK-12)', () => {
  /** The owner mistyped `stranger` and corrected it to `email`, which they read. */
  async function corrected() {
    const owner = await signIn(client);
    const early = await notMeLinkTo(owner.email);
    const { email, revertToken } = await move(client, owner);
    return { owner, stranger: owner.email, email, revertToken, early };
  }

  test('leaves a link that lives a day, whatever is proved later', async () => {
    const { owner, stranger } = await corrected();
    expect(await waysBackOf(owner)).toEqual([{ email: stranger, way_back: 'corrected', hours: 24 }]);
    await settle(owner);
    expect(await waysBackOf(owner)).toMatchObject([{ way_back: 'corrected' }]);
  });

  test('lets the stranger have the account once, and the owner the last word', async () => {
    const { owner, stranger, email, revertToken } = await corrected();
    expect((await revert(client, revertToken)).status).toBe(200);
    await expectAt(owner, stranger);
    expect((await kindsTo(email)).slice(-1)).toEqual(['email_changed']);
    expect(await kindsTo(email)).not.toContain('email_restored');
    expect(await waysBackOf(owner)).toEqual([{ email, way_back: 'final', hours: 168 }]);

    // The stranger makes it theirs, and leaves links behind at every address of theirs.
    await resetAt(stranger);
    const late = await notMeLinkTo(stranger);
    const intruder = await signInAgain(client, stranger);
    const further = await move(client, { ...intruder, email: stranger }, stranger);
    const fromFurther = await notMeLinkTo(further.email);

    const last = await tokenFrom(client, email, 'email_changed');
    const answer = await revert(client, last);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2 });
    await expectAt(owner, email);
    await expectDead(client, intruder);
    expect(await kindsTo(further.email)).toContain('email_restored');
    expect(await liveLinks(owner.userId)).toEqual(['reset_password']);
    for (const token of [further.revertToken, revertToken])
      expectTokenInvalid(await revert(client, token), 1);
    for (const token of [late, fromFurther]) expectTokenInvalid(await reportNotMe(token), 1);
    await resetAt(email);
  });

  test('does so for the not-me link of a notice from before the correction too, which is dead after the last word', async () => {
    const { owner, stranger, email, revertToken, early } = await corrected();
    const answer = await reportNotMe(early);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2 });
    await expectAt(owner, stranger);
    expectTokenInvalid(await revert(client, revertToken), 1);
    expect(await waysBackOf(owner)).toEqual([{ email, way_back: 'final', hours: 168 }]);
    expect((await revert(client, await tokenFrom(client, email, 'email_changed'))).status).toBe(200);
    await expectAt(owner, email);
    expect(await liveLinks(owner.userId)).toEqual(['reset_password']);
  });

  test('is over for a not-me link that was kept for after the last word', async () => {
    const { owner, email, revertToken, early } = await corrected();
    await revert(client, revertToken);
    await revert(client, await tokenFrom(client, email, 'email_changed'));
    expectTokenInvalid(await reportNotMe(early), 1);
    await expectAt(owner, email);
  });

  test('gives the last word to the address that replaced it, not to where a thief has moved the account since', async () => {
    const { owner, stranger, email, revertToken } = await corrected();
    const thief = await move(client, owner, email);
    expect((await revert(client, revertToken)).status).toBe(200);
    await expectAt(owner, stranger);
    expect(await kindsTo(thief.email)).toContain('email_restored');
    expect((await kindsTo(email)).filter((kind) => kind === 'email_changed')).toHaveLength(2);
    expect((await revert(client, await tokenFrom(client, email, 'email_changed'))).status).toBe(200);
    await expectAt(owner, email);
  });

  test('is over after a day: the link is dead, and a not-me link signs out alone', async () => {
    const { owner, email, revertToken, early } = await corrected();
    await query(sql`
      UPDATE one_time_tokens SET created_at = created_at - interval '24 hours', expires_at = expires_at - interval '24 hours'
      WHERE owner_id = ${owner.userId}::uuid AND kind = 'revert_email'`);
    expectTokenInvalid(await revert(client, revertToken), 1);
    expect((await reportNotMe(early)).status).toBe(200);
    await expectAt(owner, email);
    expect(await storedUser(owner.userId)).toMatchObject({ has_password: false });
    await expectDead(client, owner);
    expect((await kindsTo(email)).slice(-1)).toEqual(['reset_password']);
  });

  test('yields the address to whoever proves its mailbox, and to nobody else (LNK-13)', async () => {
    const { owner, stranger, email, revertToken, early } = await corrected();
    const refused = await client.post('/api/auth/register', {
      ...{ email: stranger, name: 'Stranger', password, confirmPassword: password },
    });
    expect(refused.json.code).toBe('email_taken');
    const reader = await signIn(client);
    expect((await confirm(client, await linkTo(client, reader, stranger))).status).toBe(200);
    await expectAt(reader, stranger);
    expectTokenInvalid(await revert(client, revertToken), 2);
    await expectAt(owner, email);
    // A sign-in that was disowned before the correction still ends sessions and password, and nothing more.
    const answer = await reportNotMe(early);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2 });
    expect(await storedUser(owner.userId)).toMatchObject({ email, has_password: false });
    await expectDead(client, owner);
    expect((await kindsTo(email)).slice(-1)).toEqual(['reset_password']);
  });

  test('is told to an address that nobody verified within its budget: deleting and registering anew is no way around (EML-14)', async () => {
    const stranger = freshEmail();
    for (let round = 0; round < 6; round++) {
      const answer = await registerUser(client, { email: stranger });
      const bearer = answer.json.accessToken as string;
      const link = await linkTo(client, { ...signedInBy(answer), email: stranger }, freshEmail());
      expect((await confirm(client, link)).status).toBe(200);
      const body = { password };
      expect((await client.call('DELETE', '/api/auth/me', { bearer, body })).status).toBe(200);
    }
    expect((await sentTo(stranger)).filter((kind) => kind === 'email_changed')).toHaveLength(5);
  });

  test('has happened once where the answer was lost, with both links (DBF-10)', async () => {
    const { owner, stranger, email, revertToken } = await corrected();
    const { endpoint } = await faultyEndpoint(['pass', 'commit-then-drop']);
    const answer = await revert(new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint }), revertToken);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 3 });
    // The notice from before the correction went to the stranger.
    expect(await liveLinks(owner.userId)).toEqual(['not_me', 'reset_password', 'revert_email']);
    expect((await kindsTo(stranger)).filter((kind) => kind === 'reset_password')).toHaveLength(1);
    expect((await kindsTo(email)).filter((kind) => kind === 'email_changed')).toHaveLength(1);
    expect((await revert(client, await tokenFrom(client, email, 'email_changed'))).status).toBe(200);
  });
});

describe.each<[what: string, account: () => Promise<SignedIn>]>([
  ['a verified account', async () => settle(await signIn(client))],
  ['an old unverified account', oldAccount],
  ['a migrated account', migratedAccount],
])('theft of %s (LNK-12, EML-08)', (_what, account) => {
  async function stolen() {
    const owner = await account();
    const early = await notMeLinkTo(owner.email);
    const { email, revertToken } = await move(client, owner);
    const atThief = await notMeLinkTo(email);
    return { owner, email, revertToken, early, atThief };
  }

  test('leaves the owner a link for seven days, which wins: the thief gets none, and their not-me links die', async () => {
    const { owner, email, revertToken, early, atThief } = await stolen();
    expect(await waysBackOf(owner)).toEqual([
      { email: owner.email, way_back: expect.toBeOneOf([null, 'unverified']), hours: 168 },
    ]);
    // Meanwhile nobody else gets the address, though they read its mail.
    expect((await requestChange(client, await signIn(client), owner.email)).status).toBe(202);
    expect((await kindsTo(owner.email)).slice(-1)).toEqual(['email_taken']);
    expect((await revert(client, revertToken)).status).toBe(200);
    await expectAt(owner, owner.email);
    expect((await kindsTo(email)).slice(-1)).toEqual(['email_restored']);
    expect(await kindsTo(email)).not.toContain('email_changed');
    expectTokenInvalid(await reportNotMe(atThief), 1);
    // What was sent to the owner before the theft stays theirs.
    expect((await reportNotMe(early)).status).toBe(200);
    await expectAt(owner, owner.email);
  });

  test('wins also where the thief was first, with a way back of their own', async () => {
    const { owner, email, revertToken, atThief } = await stolen();
    const second = await move(client, owner, email);
    expect((await revert(client, second.revertToken)).status).toBe(200);
    await expectAt(owner, email);
    // With the way back used, the thief's notice takes nothing from the owner.
    expect((await reportNotMe(atThief)).status).toBe(200);
    await expectAt(owner, email);
    expect((await revert(client, revertToken)).status).toBe(200);
    await expectAt(owner, owner.email);
    expect(await liveLinks(owner.userId)).toEqual(['not_me', 'reset_password']);
  });

  test('is undone by the not-me link of a notice from before it, and every later link to another address dies', async () => {
    const { owner, email, revertToken, early, atThief } = await stolen();
    const second = await move(client, owner, email);
    const answer = await reportNotMe(early);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2, hashes: 0, setCookies: [] });
    await expectAt(owner, owner.email);
    expect(await storedUser(owner.userId)).toMatchObject({ has_password: false });
    await expectDead(client, owner);
    for (const token of [second.revertToken, revertToken]) expectTokenInvalid(await revert(client, token), 1);
    expectTokenInvalid(await reportNotMe(atThief), 1);
    expect((await kindsTo(second.email)).slice(-1)).toEqual(['email_restored']);
    expect(await liveLinks(owner.userId)).toEqual(['reset_password']);
    await resetAt(owner.email);
  });

  test('cannot be finished by the thief’s not-me link once the owner has the account back', async () => {
    const { owner, email, atThief, early } = await stolen();
    const second = await move(client, owner, email);
    expect((await reportNotMe(atThief)).status).toBe(200);
    await expectAt(owner, email);
    expect((await reportNotMe(early)).status).toBe(200);
    await expectAt(owner, owner.email);
    expectTokenInvalid(await revert(client, second.revertToken), 1);
  });
});

describe('a thief who turned two-factor on and then moved the address', () => {
  /** The account after its owner has used the revert link, and the not-me link of the mail about the thief's sign-in. */
  async function reverted() {
    const owner = await settle(await signIn(client));
    const thief = await signInAgain(client, owner.email);
    const early = await tokenFrom(client, owner.email, 'new_device');
    const { secret } = (await startSetup(client, thief.accessToken)).json;
    const enabled = await enable(client, thief.accessToken, codeAt(secret));
    const { accessToken } = enabled.json;
    const { revertToken } = await move(client, { ...thief, accessToken });
    expect((await revert(client, revertToken)).status).toBe(200);
    return { ...owner, early };
  }

  const isAsked = async ({ email }: SignedIn) => (await logIn(client, email)).json.accessToken === undefined;

  test('is put out by the not-me link of their sign-in, which the revert leaves to the owner (SES-21, LNK-19)', async () => {
    const owner = await reverted();
    // It undoes the change, and nobody says whose the factor is that was there before.
    expect(await liveLinks(owner.userId)).toEqual(['not_me', 'not_me', 'reset_password']);
    expect((await reportNotMe(owner.early)).status).toBe(200);
    await resetAt(owner.email);
    expect(await isAsked(owner)).toBe(false);
  });

  test('and has that link too gets nothing by it once the owner has completed the reset (LNK-19)', async () => {
    const owner = await reverted();
    await resetAt(owner.email);
    expectTokenInvalid(await reportNotMe(owner.early), 1);
    expect(await isAsked(owner)).toBe(true);
  });
});

test.each(['revert', 'not-me'])(
  'five mails that strangers caused keep no mail of a %s link from the owner (EML-13)',
  async (by) => {
    const owner = await settle(await signIn(client));
    const notMe = await notMeLinkTo(owner.email);
    for (let index = 0; index < 5; index++) await forget(client, owner.email, freshClient());
    const strangers = freshClient();
    const stranger = freshEmail();
    await forget(client, stranger, strangers);
    await causeFurtherMails(client, stranger, 29);
    const { email, revertToken } = await move(client, owner);
    const answer = await client.post(
      by === 'revert' ? '/api/auth/email/change/revert' : '/api/auth/not-me',
      { token: by === 'revert' ? revertToken : notMe },
      { headers: strangers },
    );
    expect(answer.status, answer.text).toBe(200);
    expect((await kindsTo(owner.email)).slice(-2)).toEqual(['email_changed', 'reset_password']);
    expect((await kindsTo(email)).slice(-1)).toEqual(['email_restored']);
  },
);

test('a not-me link of an account that has moved, without a way back, signs out alone and mails the present address', async () => {
  const owner = await settle(await signIn(client));
  const early = await notMeLinkTo(owner.email);
  const moved = freshEmail();
  await query(sql`UPDATE users SET email = ${moved}, address_key = NULL WHERE id = ${owner.userId}::uuid`);
  expect((await reportNotMe(early)).status).toBe(200);
  expect(await storedUser(owner.userId)).toMatchObject({ email: moved, has_password: false });
  expect(await kindsTo(moved)).toEqual(['reset_password']);
  await registerUser(client, { email: owner.email });
});

describe('two accounts of the earlier system with one canonical form (LNK-12)', () => {
  test('each get their own address back', async () => {
    const local = `twin-${crypto.randomUUID()}`;
    const [letters, punycode] = [`${local}@b\u00fccher.example`, `${local}@xn--bcher-kva.example`];
    const [owner, other] = [await migratedAccount(), await migratedAccount()];
    for (const [account, email] of [
      [owner, letters],
      [other, punycode],
    ] as const)
      await query(sql`UPDATE users SET email = ${email} WHERE id = ${account.userId}::uuid`);
    const early = await notMeLinkTo(letters);
    await move(client, { ...owner, email: letters }, letters);
    expect((await reportNotMe(early)).status).toBe(200);
    expect(await storedUser(owner.userId)).toMatchObject({ email: letters, has_password: false });
    expect(await storedUser(other.userId)).toMatchObject({ email: punycode, has_password: true });
  });
});

describe('an address that nobody verified, left after a day', () => {
  test('gets no more mails about its way back than one that was never left (EML-14)', async () => {
    const owner = await oldAccount();
    await move(client, owner);
    expect(await waysBackOf(owner)).toEqual([{ email: owner.email, way_back: 'unverified', hours: 168 }]);
    for (let index = 0; index < 22; index++)
      await client.post('/api/auth/password/forgot', { email: owner.email }, { headers: freshClient() });
    expect((await sentTo(owner.email)).length).toBeLessThanOrEqual(20);
  });
});
