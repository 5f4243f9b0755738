import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { chooseMailLanguage } from '../../../src/languages/mail-languages.ts';
import { freshClient } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { causeMails, mailsTo, type QueuedMail } from '../../support/mailbox.ts';
import { titleOf } from '../../support/shown-page.ts';
import { adminSecret } from '../../support/test-env.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  freshCode,
  type TwoFactorUser,
  twoFactorUser,
  wrongCode,
} from '../../support/two-factor.ts';
import { forget } from '../password/password-reset.ts';
import {
  change,
  disable,
  enable,
  exhaustChecks,
  expectNotAsked,
  kindsTo,
  missTimes,
  passResetDelay,
  path,
  reauthenticateBy,
  renewCodes,
  requestReset,
  startSetup,
} from './calls.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off', ADMIN_SECRET: adminSecret });

type Headers = Readonly<Record<string, string>>;

interface Occasion {
  /** What causes the mail, from a client with these headers. */
  readonly act: (user: TwoFactorUser, headers: Headers) => Promise<unknown>;
  /** The page of its link; undefined for a notice. */
  readonly link?: string;
}

const occasions = {
  two_factor_enabled: {
    act: async ({ accessToken: bearer }, headers) => {
      const { secret } = (await client.post(`${path}/setup`, undefined, { bearer, headers })).json;
      return client.post(`${path}/enable`, { code: codeAt(secret) }, { bearer, headers });
    },
    link: '/auth/not-me?token=nxn_',
  },
  two_factor_disabled: {
    act: async (user, headers) => {
      const body = { code: await freshCode(client, user) };
      return client.post(`${path}/disable`, body, { bearer: user.accessToken, headers });
    },
  },
  backup_codes_renewed: {
    act: ({ accessToken: bearer }, headers) =>
      client.post(`${path}/backup-codes`, undefined, { bearer, headers }),
  },
  backup_code_used: {
    act: async (user, headers) => {
      const first = await challenge(client, user, {}, { headers });
      return completeChallenge(client, first, { backupCode: user.backupCodes[0] }, { headers });
    },
  },
  second_factor_locked: { act: (user, headers) => exhaustChecks(client, user, { headers }) },
  two_factor_reset_requested: {
    act: ({ userId }, headers) => requestReset(client, userId, headers),
    link: '/auth/keep-two-factor?token=nxk_',
  },
  two_factor_reset: {
    act: async (user, headers) => {
      await requestReset(client, user.userId, headers);
      await passResetDelay(client, user);
      return expectNotAsked(client, user, {}, { headers });
    },
  },
  password_withdrawn: {
    act: (user, headers) => missTimes(client, user, 50, { headers }),
    link: '/auth/reset-password?token=nxp_',
  },
} as const satisfies Readonly<Record<string, Occasion>>;

type Kind = keyof typeof occasions;

/** A client whose mails are used up, in another language than the accounts have. */
const headers = { ...freshClient(), 'Accept-Language': 'en' };
beforeAll(() => causeMails(client, headers, 30));

/** The mails of a kind that an occasion causes, to its user. */
async function causedBy(kind: Kind, user: TwoFactorUser): Promise<QueuedMail[]> {
  const before = (await mailsTo(client, user.email)).length;
  await occasions[kind].act(user, headers);
  return (await mailsTo(client, user.email)).slice(before).filter((mail) => mail.kind === kind);
}

test('a client whose thirty mails are used up has none left for what its requests cause', async () => {
  const { email } = await twoFactorUser(client);
  await forget(client, email, headers);
  expect(await kindsTo(client, email)).not.toContain('reset_password');
});

describe.each(Object.keys(occasions) as Kind[])('the mail %s', { timeout: 60_000 }, (kind) => {
  const { link }: Occasion = occasions[kind];

  test('goes to the owner, once, in the language of the account, and is kept by no budget of a client (EML-13)', async () => {
    const user = await twoFactorUser(client);
    await change(client, sql`UPDATE users SET locale = 'de' WHERE id = ${user.userId}::uuid`);
    const mails = await causedBy(kind, user);
    const told = { user_id: user.userId, recipient: user.email, outcome: null, locale: 'de' };
    expect(mails).toMatchObject([{ ...told, token: link === undefined ? null : expect.any(String) }]);
    const shown = await client.get(`/dev/outbox/${mails[0]!.id}`);
    expect(shown.status, shown.text).toBe(200);
    const [german, english] = ['de', 'en'].map((tag) => chooseMailLanguage(tag).mails[kind]);
    expect(titleOf(shown)).toBe(german!.subject);
    expect(shown.text).toContain(german!.paragraphs[0]);
    expect(shown.text).not.toContain(english!.subject);
    if (link !== undefined) expect(shown.text).toContain(`https://auth.test${link}`);
  });
});

describe('a notice about the second factor', () => {
  test('is not sent where nothing happened', async () => {
    const user = await twoFactorUser(client);
    const before = await kindsTo(client, user.email);
    const code = wrongCode(user.secret);
    const { secret } = (await startSetup(client, user.accessToken)).json;
    for (const refused of [
      await enable(client, user.accessToken, wrongCode(secret)),
      await disable(client, user.accessToken, { code }),
      await reauthenticateBy(client, user.accessToken, { backupCode: 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA' }),
      await completeChallenge(client, await challenge(client, user), { code }),
    ])
      expect(refused.status).toBe(401);
    expect(await kindsTo(client, user.email)).toEqual(before);
  });

  test('tells the device of the request, and holds no secret and no code', async () => {
    const user = await twoFactorUser(client);
    const options = { bearer: user.accessToken, headers: { 'User-Agent': 'a-browser/1' } };
    const { backupCodes } = (await client.post(`${path}/backup-codes`, undefined, options)).json;
    const mails = await mailsTo(client, user.email);
    const mail = mails.find(({ kind }) => kind === 'backup_codes_renewed');
    expect(mail?.facts).toMatchObject({ userAgent: 'a-browser/1' });
    const shown = await client.get(`/dev/outbox/${mail!.id}`);
    expect(shown.status).toBe(200);
    for (const text of [user.secret, ...user.backupCodes, ...backupCodes])
      expect(shown.text).not.toContain(text);
  });

  test('is one of five of its kind in an hour at most (EML-13)', async () => {
    const user = await twoFactorUser(client);
    for (let index = 0; index < 6; index++)
      expect((await renewCodes(client, user.accessToken)).status).toBe(200);
    const mails = (await kindsTo(client, user.email)).filter((kind) => kind === 'backup_codes_renewed');
    expect(mails).toHaveLength(5);
  });
});
