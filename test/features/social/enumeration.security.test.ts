import { beforeAll, describe, expect, test } from 'vitest';
import { type Fragment, sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, registerUser } from '../../support/accounts.ts';
import type { Answer } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import { mailsTo } from '../../support/mailbox.ts';
import { signInAtStandIn, standInProvider } from '../../support/social.ts';
import { clientWith, expectSentBack, freshSubject } from './expectations.ts';

const issuers = [
  standInProvider('good-enumeration'),
  standInProvider('good-untrusted', { id: 'untrusted', trustEmail: false }),
  standInProvider('good-invited', { id: 'invited', trustEmail: false, allowSignUp: false }),
];
const client = clientWith(issuers);
const demoEmail = 'demo@nexora.ai';

async function account(assignment: Fragment = sql`email = email`): Promise<string> {
  const { email, json } = await registerUser(client);
  await query(sql`UPDATE users SET ${assignment} WHERE id = ${json.user.id}::uuid`);
  return email;
}

const verified = sql`email_verified_at = now()`;
const bannedAccount = () => account(sql`email_verified_at = now(), banned_at = now()`);
const everyAccount = async () => [await account(verified), await account(), await bannedAccount()];

/** A sign-in by somebody who is new at the provider, with this address there. */
function signInWith(
  provider: string,
  email: string,
  claims: Readonly<Record<string, unknown>> = {},
  at = client,
) {
  const options = { headers: freshClient() };
  const instructions = { sub: freshSubject(), claims: { email, ...claims } };
  return signInAtStandIn(at, provider, instructions, { options });
}

/** The mails that count for a client. */
async function countMails(): Promise<number> {
  const [row] = await query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM mail_outbox WHERE client_key IS NOT NULL`,
  );
  return row!.count;
}

/** What a browser sees, without what is of the visit alone. */
function seen({ status, text, headers, setCookies, roundTrips }: Answer) {
  const cookies = setCookies.map((line) => line.replace(/__Host-nexora_oauth_[\w-]{8}/, 'visit'));
  return { status, text, location: headers.get('Location'), names: [...headers.keys()], cookies, roundTrips };
}

describe('a sign-in by an address that the provider does not vouch for (ENU-11)', () => {
  // They stay as they are.
  let members: readonly string[];
  beforeAll(async () => {
    members = await everyAccount();
  });

  test.each([
    ['unverified there', 'acme', { email_verified: false }],
    ['verified as a text', 'acme', { email_verified: 'true' }],
    ['verified as a number', 'acme', { email_verified: 1 }],
    ['nothing said of it', 'acme', { email_verified: null }],
    ['unverified there, and not trusted', 'untrusted', { email_verified: false }],
    ['of a tenant of Microsoft', 'microsoft', { email_verified: true }],
    ['of a domain that is not the tenant’s', 'microsoft', { xms_edov: false }],
  ] as const)(
    'ends alike for every address, byte for byte, and writes no mail: %s',
    async (_, provider, claims) => {
      const answers: Answer[] = [];
      for (const email of [freshEmail(), ...members, demoEmail]) {
        const before = await mailsTo(client, email);
        answers.push(await signInWith(provider, email, claims));
        expect(await mailsTo(client, email)).toEqual(before);
      }
      const [first, ...others] = answers as [Answer, ...Answer[]];
      expectSentBack(first, 'email_not_verified');
      for (const other of others) expect(seen(other)).toEqual(seen(first));
    },
  );
});

describe('a sign-in by an address that is not to be had by it (ENU-11)', () => {
  test('ends alike, whoever has the address, and tells its owner alone by mail', async () => {
    const owners = await everyAccount();
    const answers: Answer[] = [];
    for (const email of [...owners, demoEmail]) answers.push(await signInWith('untrusted', email));
    const [first, ...others] = answers as [Answer, ...Answer[]];
    expectSentBack(first, 'account_exists');
    expect(first.headers.get('Location')).toBe('https://auth.test/account?error=account_exists');
    for (const other of others) expect(seen(other)).toEqual(seen(first));
    for (const email of owners) {
      const mails = (await mailsTo(client, email)).filter(({ kind }) => kind === 'identity_not_linked');
      expect(mails).toHaveLength(1);
      for (const { text, headers } of answers)
        expect([text, headers.get('Location')].join()).not.toContain(email);
    }
    expect(await mailsTo(client, demoEmail)).toEqual([]);
  });

  test.each([
    ['a provider that makes none', 'invited', {}, 'registration_closed'],
    ['REGISTRATION=closed', 'untrusted', { REGISTRATION: 'closed' }, 'registration_closed'],
    ['EMAIL_VERIFICATION=required', 'untrusted', { EMAIL_VERIFICATION: 'required' }, 'email_not_verified'],
  ] as const)(
    'ends alike whether anybody has it, where no account would be made: %s',
    async (_, provider, more, code) => {
      const here = clientWith(issuers, more);
      const owners = await everyAccount();
      const answers: Answer[] = [];
      for (const email of [freshEmail(), ...owners, demoEmail]) {
        const before = await countMails();
        answers.push(await signInWith(provider, email, {}, here));
        // The budget of the client tells as little.
        expect(await countMails(), email).toBe(before + 1);
      }
      const [first, ...others] = answers as [Answer, ...Answer[]];
      expectSentBack(first, code);
      for (const other of others) expect(seen(other)).toEqual(seen(first));
      for (const email of owners)
        expect((await mailsTo(client, email)).map(({ kind }) => kind)).toContain('identity_not_linked');
    },
  );
});

describe('a banned user (ENU-11)', () => {
  test('is told what somebody is told who said no at the provider', async () => {
    const sub = freshSubject();
    const { headers } = await signInAtStandIn(client, 'acme', { sub });
    expect(headers.get('Location')).not.toContain('error');
    const subject = sql`SELECT i.user_id FROM identities i WHERE i.subject = ${sub}`;
    await query(sql`UPDATE users SET banned_at = now() WHERE id = (${subject})`);
    expectSentBack(await signInAtStandIn(client, 'acme', { sub }), 'access_denied');
    expectSentBack(await signInWith('acme', await bannedAccount()), 'access_denied');
  });
});
