import { afterEach, expect, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { confirm, linkTo as linkToAddress, move, storedUser } from '../features/email-change/mover.ts';
import {
  accountsOf,
  registerForToken,
  requiredClient,
  verify,
} from '../features/email-verification/pending-registrations.ts';
import { reset } from '../features/password/password-reset.ts';
import { signIn } from '../features/sessions/session-fixtures.ts';
import {
  arrive,
  freshSubject,
  holdersOf,
  linkTo,
  type Person,
  socialClient,
} from '../features/social/people.ts';
import { disable, enable, startSetup, verifiedUser } from '../features/two-factor/calls.ts';
import { freshEmail, otherPassword, password, registerUser } from '../support/accounts.ts';
import { type Answer, authCookies } from '../support/client.ts';
import { query } from '../support/database.ts';
import { type LinkOwner, storeLink } from '../support/links.ts';
import { tokenFrom } from '../support/mailbox.ts';
import { describe, test } from '../support/races.ts';
import { landing } from '../support/social.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  freshCode,
  type TwoFactorUser,
  twoFactorUser,
  wrongCode,
} from '../support/two-factor.ts';
import { changeBefore } from './held-calls.ts';
import { holdRows, whileWaiting } from './hold-rows.ts';
import { setMisses, stateOf } from './two-factor-state.ts';
import { untilWaiting } from './until-waiting.ts';

// What a flow has read can be otherwise when its statement writes. Each row changes it between the two, in a way that somebody
// can, and fails without the check that the statement makes again; the change of an address without the end of its link.

const patient = { DATABASE_TIMEOUT_MS: '8000', LOGIN_ATTEMPTS_MAX: '100' };
const client = socialClient(patient);
const required = requiredClient(patient);

afterEach(() => vi.restoreAllMocks());

/** The code of the answer, and what is so behind it. */
type Outcome = readonly [code: string | null, ...facts: unknown[]];

const codeOf = (answer: Answer): string => answer.json?.code ?? `${answer.status}`;

/** Reports a sign-in, since which something was done. */
async function notMe(owner: LinkOwner, since: () => Promise<unknown> = async () => {}): Promise<void> {
  const token = await storeLink(client, 'not_me', owner);
  await since();
  expect((await client.post('/api/auth/not-me', { token })).status).toBe(200);
}

/**
 * What a session of the user asks for, while somebody enters the fiftieth wrong code behind the password, which begins the one
 * recovery that leaves sessions.
 */
async function whileGuessed(
  user: TwoFactorUser,
  text: string | RegExp,
  ask: () => Promise<Answer>,
  { hasPassword = true } = {},
): Promise<string> {
  const open = await challenge(client, user);
  await setMisses(user, 49);
  if (!hasPassword) await query(sql`UPDATE users SET password_hash = NULL WHERE id = ${user.userId}::uuid`);
  changeBefore(text, async () => {
    const last = await completeChallenge(client, open, { code: wrongCode(user.secret) });
    expect(codeOf(last)).toBe('invalid_code');
  });
  return codeOf(await ask());
}

/** What comes of turning two-factor off meanwhile, whether it is on, and the misses and checks that are counted for the device. */
async function disableWhileGuessed(
  codeFor: (user: TwoFactorUser) => Promise<string>,
  text: string | RegExp,
): Promise<Outcome> {
  const user = await twoFactorUser(client);
  const code = await codeFor(user);
  const answer = await whileGuessed(user, text, () => disable(client, user.accessToken, { code }));
  const [counted] = await query<{ misses: number; checks: number }>(sql`
    SELECT coalesce((SELECT d.misses FROM second_factor_devices d
        WHERE d.user_id = s.user_id AND d.device_id = s.device_id), 0)::int AS misses,
      coalesce((SELECT sum(a.count) FROM login_attempts a
        WHERE a.bucket = 'second-factor:' || s.user_id || ':' || s.device_id AND a.window_ends_at > now()), 0)::int AS checks
    FROM sessions s WHERE s.id = ${user.sessionId}::uuid`);
  return [answer, (await stateOf(user.userId))!.is_on, counted!.misses, counted!.checks];
}

/** Links the identity by hand, and disowns that. */
const disown = (owner: LinkOwner, cookies: Readonly<Record<string, string>>, person: Person) =>
  notMe(owner, async () => {
    expect(landing(await linkTo(client, 'google', person, cookies)).error).toBeNull();
  });

/** Signs in at a provider by the address, and does something before that links the identity. */
async function enterWhile(person: Person, meanwhile: () => Promise<unknown>): Promise<Outcome> {
  changeBefore(/INSERT INTO identities/, meanwhile);
  const answer = await arrive(client, 'google', person);
  return [landing(answer).error, await holdersOf(client, person.sub)];
}

const rows: readonly (readonly [check: string, run: () => Promise<Outcome>, expected: Outcome])[] = [
  [
    'two-factor is turned off: a recovery began (OTP-14)',
    () => disableWhileGuessed((user) => freshCode(client, user), '"two_factor_disabled"'),
    ['recovery_required', true, 0, 0],
  ],
  [
    'two-factor is turned off by a wrong code: a recovery began (OTP-14)',
    () => disableWhileGuessed(async ({ secret }) => wrongCode(secret), /INSERT INTO second_factor_devices/),
    ['recovery_required', true, 0, 0],
  ],
  [
    'another authenticator is turned on: a recovery began',
    async () => {
      const user = await twoFactorUser(client);
      const { secret } = (await startSetup(client, user.accessToken)).json;
      const ask = () => enable(client, user.accessToken, codeAt(secret));
      const answer = await whileGuessed(user, /SET two_factor_since = now/, ask);
      const factors = await query(
        sql`SELECT FROM factors WHERE user_id = ${user.userId}::uuid AND held_since = added_at`,
      );
      return [answer, factors.length];
    },
    ['two_factor_setup_required', 1],
  ],
  [
    'a first password is set: a recovery began',
    async () => {
      const user = await twoFactorUser(client);
      const passwords = { newPassword: otherPassword, confirmPassword: otherPassword };
      const ask = () => client.post('/api/auth/password/change', passwords, { bearer: user.accessToken });
      const answer = await whileGuessed(user, '"authn_password_change"', ask, { hasPassword: false });
      return [answer, (await storedUser(user.userId))!.has_password];
    },
    ['recovery_required', false],
  ],
  [
    'an account without a password is deleted: a recovery began',
    async () => {
      const user = await twoFactorUser(client);
      const ask = () => client.call('DELETE', '/api/auth/me', { bearer: user.accessToken, body: {} });
      const answer = await whileGuessed(user, '"user_deleted"', ask, { hasPassword: false });
      return [answer, (await storedUser(user.userId))?.email === user.email];
    },
    ['recovery_required', true],
  ],
  [
    'the address is changed: a recovery began',
    async () => {
      const user = await twoFactorUser(client);
      const token = await linkToAddress(client, user, freshEmail());
      const ask = () => confirm(client, token, user);
      const answer = await whileGuessed(user, '"email_changed"', ask);
      return [answer, (await storedUser(user.userId))!.email === user.email];
    },
    ['token_invalid', true],
  ],
  [
    'a new password is set by a link: a recovery began that did not see the link',
    async () => {
      const owner = await signIn(client);
      const user = { id: owner.userId, email: owner.email };
      // The mail of the report waits here, when all that it ends has ended.
      const mails = sql`LOCK TABLE mail_outbox IN SHARE MODE`;
      const started = await holdRows([mails], async () => {
        const reported = notMe(user);
        await untilWaiting(1);
        const answer = reset(client, await storeLink(client, 'reset_password', user));
        await untilWaiting(2);
        return [reported, answer] as const;
      });
      const [, answer] = await Promise.all(started);
      return [codeOf(answer), (await storedUser(owner.userId))!.has_password];
    },
    ['token_invalid', false],
  ],
  [
    'an identity is linked by the address: a recovery began',
    async () => {
      const { userId: id, email } = await verifiedUser(client);
      return enterWhile({ sub: freshSubject(), email }, () => notMe({ id, email }));
    },
    ['account_exists', []],
  ],
  [
    'an identity is linked by the address: the owner has disowned it, and recovered',
    async () => {
      const { userId: id, email, accessToken } = await verifiedUser(client);
      const person = { sub: freshSubject(), email };
      return enterWhile(person, async () => {
        await disown({ id, email }, { '__Host-nexora_access': accessToken }, person);
        await reset(client, await tokenFrom(client, email, 'reset_password'));
      });
    },
    ['account_exists', []],
  ],
  [
    'an account is taken over by an identity: its owner has disowned that',
    async () => {
      const registered = await registerUser(client);
      const { email } = registered;
      const person = { sub: freshSubject(), email };
      return enterWhile(person, () =>
        disown({ id: registered.json.user.id, email }, authCookies(registered), person),
      );
    },
    ['account_exists', []],
  ],
  [
    'an account is taken over by an identity: it has turned two-factor on (LNK-16)',
    async () => {
      const { email, json } = await registerUser(client);
      const setup = await startSetup(client, json.accessToken);
      return enterWhile({ sub: freshSubject(), email }, () =>
        enable(client, json.accessToken, codeAt(setup.json.secret)),
      );
    },
    ['account_exists', []],
  ],
  [
    'an account is taken over by a pending registration: it has turned two-factor on (LNK-16)',
    async () => {
      const { email, json } = await registerUser(client);
      const token = await registerForToken(required, email);
      const setup = await startSetup(client, json.accessToken);
      changeBefore(/SET name = s.name/, () => enable(client, json.accessToken, codeAt(setup.json.secret)));
      const answer = await verify(required, { token, password });
      return [codeOf(answer), (await storedUser(json.user.id))!.is_verified];
    },
    ['account_exists', false],
  ],
  [
    'a pending registration becomes an account: another one has moved to its address (LNK-13)',
    async () => {
      const email = freshEmail();
      const token = await registerForToken(required, email);
      const mover = await signIn(client);
      // Held in the statement that asks whose the address is, behind the one that holds the accounts that have it.
      const link = sql`SELECT 1 FROM one_time_tokens WHERE kind = 'confirm_registration' AND spent_at IS NULL FOR UPDATE`;
      const ask = () => verify(required, { token, password });
      const answer = await whileWaiting([link], ask, () => move(client, mover, mover.email, email));
      return [codeOf(answer), (await accountsOf(client, email)).map(({ id }) => id === mover.userId)];
    },
    ['token_invalid', [true]],
  ],
];

describe('what a statement asks again that changes something (LNK-21)', { timeout: 60_000 }, () => {
  test.each(rows)('%s', async (_check, run, expected) => {
    expect(await run()).toEqual(expected);
  });
});
