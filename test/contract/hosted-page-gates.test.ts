import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { pageTexts as en } from '../../src/languages/en/pages.ts';
import { password } from '../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../support/client.ts';
import { query } from '../support/database.ts';
import { led } from '../support/hosted-pages.ts';
import { tokenFrom } from '../support/mailbox.ts';
import { formsOf, readMain, titleOf } from '../support/shown-page.ts';
import { providerVariables } from '../support/social.ts';
import { databaseState } from './database-state.ts';
import { expectPage } from './expect-page.ts';
import { withExpiredAccess } from './expired-access.ts';
import {
  type FormName,
  hostedForm,
  hostedForms,
  insertSender,
  senderOf,
  submitForm,
} from './hosted-page-table.ts';
import { insertAccount } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import type { Account, Caller, CallerKind } from './route-table.ts';
import { sectionForms } from './section-form-table.ts';

const client = new TestClient(providerVariables());
beforeEach(() => void recordLog());

const accountForms = hostedForms.filter(([, name]) => name.includes('/'));

function isSensitive([, name]: readonly [string, string]): boolean {
  const [section = '', action = ''] = name.split('/');
  return sectionForms[section]?.[action]?.isSensitive ?? false;
}

const sensitive = accountForms.filter(isSensitive);
const others = accountForms.filter((form) => !isSensitive(form));

/** An account that can send the form, and its caller who does. */
async function insertCaller(form: FormName): Promise<[account: Account, caller: Caller]> {
  const account = await insertSender(client, form);
  const sender = senderOf(form);
  return [account, sender === 'holder' ? account : account[sender as CallerKind]];
}

/** Lets the caller have shown who they are eleven minutes ago, with whatever factors they have, and have had them for long. */
async function makeStale({ userId }: Caller): Promise<void> {
  await query(sql`
    UPDATE users SET two_factor_since = two_factor_since - interval '1 day' WHERE id = ${userId}::uuid`);
  await query(sql`
    UPDATE sessions SET authenticated_at = now() - interval '11 minutes',
      second_factor_at = CASE WHEN second_factor_at IS NOT NULL THEN now() - interval '11 minutes' END
    WHERE user_id = ${userId}::uuid`);
}

/** Where a form waits: the address that its sender is led to, with the cookie that holds it. */
interface Waiting {
  readonly address: URL;
  readonly id: string;
  readonly cookies: Readonly<Record<string, string>>;
}

function expectHeld(answer: Answer, path: string, cookies: Readonly<Record<string, string>>): Waiting {
  expect(answer.status, answer.text).toBe(303);
  const address = new URL(answer.headers.get('Location') ?? '', 'https://auth.test');
  expect([address.pathname, address.searchParams.get('returnTo')]).toEqual(['/reauthenticate', path]);
  const id = address.searchParams.get('form') ?? '';
  expect(id).toMatch(/^[\w-]{12}$/);
  const [line = '', ...more] = answer.setCookies.filter((cookie) =>
    cookie.startsWith('__Host-nexora_held_form='),
  );
  expect(more).toEqual([]);
  expect(line).toMatch(/; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/);
  const held = cookieValue(answer, '__Host-nexora_held_form') ?? '';
  return { address, id, cookies: { ...cookies, '__Host-nexora_held_form': held } };
}

/** What shows that the caller is who they are: with two-factor by a backup code, since the form may need the app's. */
function proofOf(form: FormName, account: Account): Record<string, string> {
  if (senderOf(form) !== 'twoFactor') return { password };
  const [backupCode = ''] = account.twoFactor.backupCodes;
  return { backupCode };
}

describe.each(sensitive)('%s, the form %s', (path, name) => {
  const form = [path, name] as const;
  const { status, location, roundTrips } = hostedForm(...form);

  test('waits until its sender has shown again who they are, and is then done with the new session (SES-15, SES-03)', async () => {
    const [account, caller] = await insertCaller(form);
    await makeStale(caller);
    const before = await databaseState();
    const asked = await submitForm(client, form, account);
    const { address, cookies, id } = expectHeld(asked, path, caller.cookies);
    expect(asked.roundTrips).toBe(1);
    expect(await databaseState()).toBe(before);

    const shown = await client.get(address.pathname + address.search, { cookies });
    expectPage(shown, 200);
    const proving = formsOf(shown).find(({ fields }) => fields.action === 'prove');
    expect(proving?.fields).toMatchObject({ form: id, returnTo: path, action: 'prove' });
    expect(await databaseState()).toBe(before);

    const fields = { form: id, returnTo: path, action: 'prove', ...proofOf(form, account) };
    const done = await client.submit('/reauthenticate', fields, { cookies });
    // A download is begun from its own page again.
    const isDownload = name === 'data/export';
    expect(led(done), done.text).toEqual(isDownload ? [303, '/account#data'] : [status, location ?? null]);
    // The proof, a look whether it is enough, and what the form is for.
    if (!isDownload) expect(done.roundTrips).toBe(3 + roundTrips);
    expect(cookieValue(done, '__Host-nexora_held_form')).toBe('');
    const renewed = authCookies(done);
    expect(decodeJwt(renewed['__Host-nexora_access'] ?? '').sid).not.toBe(decodeJwt(caller.accessToken).sid);
    expect((await client.get('/api/auth/me', { cookies: renewed })).status).toBe(200);
    expect((await client.get('/api/auth/me', { cookies: caller.cookies })).status).toBe(401);
    expect(done.setCookies.filter((cookie) => cookie.startsWith('__Host-nexora_access='))).toHaveLength(1);
  });

  test('is refused with the reason while the account is being recovered, and the page says how that ends (LNK-15)', async () => {
    const [account, caller] = await insertCaller(form);
    await query(
      sql`UPDATE users SET recovery_since = now(), recovery_cause = 'not_me' WHERE id = ${caller.userId}::uuid`,
    );
    const before = await databaseState();
    const refused = await submitForm(client, form, account);
    expectPage(refused, 403);
    expect(readMain(refused)).toContain(en.errors.recovery_required);
    expect(await databaseState()).toBe(before);
    const shown = await client.get('/account', { cookies: caller.cookies });
    const again = formsOf(shown).find(({ action }) => action === '/forgot-password');
    expect(again?.fields).toEqual({ email: caller.email });
  });

  test('is not done by a proof that is wrong, and still waits (SES-15)', async () => {
    const [account, caller] = await insertCaller(form);
    await makeStale(caller);
    const { cookies, id } = expectHeld(await submitForm(client, form, account), path, caller.cookies);
    const wrong = senderOf(form) === 'twoFactor' ? { code: '000000' } : { password: 'wrong password' };
    const fields = { form: id, returnTo: path, action: 'prove' };
    const refused = await client.submit('/reauthenticate', { ...fields, ...wrong }, { cookies });
    expect([401, 403]).toContain(refused.status);
    expectPage(refused, refused.status);
    expect(refused.setCookies).toEqual([]);
    expect(formsOf(refused).some((shown) => shown.fields.form === id)).toBe(true);
    // Nor by whoever presses on without one.
    const pressed = await client.submit('/reauthenticate', { ...fields, action: 'continue' }, { cookies });
    expect(pressed.status, pressed.text).toBe(303);
    const { pathname } = new URL(pressed.headers.get('Location') ?? '', 'https://auth.test');
    expect(pathname).toBe('/reauthenticate');
  });

  test('waits for whoever sends it with an access token that has expired as well (SES-15)', async () => {
    const [account, caller] = await insertCaller(form);
    await makeStale(caller);
    const cookies = await withExpiredAccess(client, caller);
    const answer = await submitForm(client, form, account, { cookies });
    expectHeld(answer, path, cookies);
    expect((await client.get('/api/auth/me', { cookies: authCookies(answer) })).status).toBe(200);
  });
});

describe('a form that is not for the owner alone', () => {
  test.each(others)('%s %s is done however long ago the sign-in was', async (path, name) => {
    const [account, caller] = await insertCaller([path, name]);
    await makeStale(caller);
    const answer = await submitForm(client, [path, name], account);
    const { status, location } = hostedForm(path, name);
    expect(led(answer), answer.text).toEqual([status, location ?? null]);
  });
});

describe('somebody without a password', () => {
  const firstPassword = {
    ...{ section: 'password', action: 'change' },
    ...{ newPassword: 'a heron over the still canal', confirmPassword: 'a heron over the still canal' },
  };
  const insertPasswordless = () => insertAccount(client, ({ passwordless }) => passwordless);
  const cases: [what: string, path: string, form: Record<string, string>, location: string][] = [
    ['sets the first one', '/account', firstPassword, '/account#password'],
    ['deletes the account', '/account/delete', {}, '/login'],
  ];

  test.each(cases)(
    '%s by a code that is mailed, where the sign-in is not recent (SES-15)',
    async (_what, path, form, location) => {
      const { passwordless } = await insertPasswordless();
      await query(sql`UPDATE users SET email_verified_at = now() WHERE id = ${passwordless.userId}::uuid`);
      await makeStale(passwordless);
      const asked = await client.submit(path, form, { cookies: passwordless.cookies });
      const { address, cookies, id } = expectHeld(asked, path, passwordless.cookies);
      const shown = await client.get(address.pathname + address.search, { cookies });
      const fields = { form: id, returnTo: path };
      expect(formsOf(shown).map((one) => one.fields.action)).toEqual(['send', 'prove']);
      const sent = await client.submit('/reauthenticate', { ...fields, action: 'send' }, { cookies });
      const back = new URL(sent.headers.get('Location') ?? '', 'https://auth.test');
      expect([sent.status, back.pathname, back.searchParams.get('form')]).toEqual([
        303,
        '/reauthenticate',
        id,
      ]);
      const emailCode = await tokenFrom(client, passwordless.email, 'reauthentication_code');
      const proof = { ...fields, action: 'prove', emailCode };
      const done = await client.submit('/reauthenticate', proof, { cookies });
      expect(led(done), done.text).toEqual([303, location]);
    },
  );

  test.each(cases)('%s at once, where it is', async (_what, path, form, location) => {
    const { passwordless } = await insertPasswordless();
    const answer = await client.submit(path, form, { cookies: passwordless.cookies });
    expect(led(answer), answer.text).toEqual([303, location]);
  });
});

describe('a visit to the page without a form', () => {
  const insert = () => insertAccount(client, ({ twoFactor }) => twoFactor);

  test('asks, and leads back with what was done', async () => {
    const account = await insert();
    await makeStale(account);
    const { cookies } = account;
    const shown = await client.get('/reauthenticate?returnTo=/account/security', { cookies });
    expectPage(shown, 200);
    expect(titleOf(shown)).toBe('Please confirm that it is you');
    const fields = { returnTo: '/account/security', action: 'prove', password };
    const done = await client.submit('/reauthenticate', fields, { cookies });
    expect(led(done)).toEqual([303, '/account/security']);
    expect(cookieValue(done, '__Host-nexora_notice')).toBe('confirmed');
  });

  test('tells of no second factor to whoever has a password alone, and of no password where there is a factor (SES-19)', async () => {
    const account = await insert();
    for (const [caller, members] of [
      [account, ['password']],
      [account.twoFactor, ['code', 'backupCode']],
    ] as const) {
      await makeStale(caller);
      const shown = await client.get('/reauthenticate', { cookies: caller.cookies });
      const proofs = formsOf(shown).filter(({ fields }) => fields.action === 'prove');
      expect(
        proofs.map(({ fields }) => Object.keys(fields).find((key) => !['action', 'returnTo'].includes(key))),
      ).toEqual(members);
    }
  });
});
