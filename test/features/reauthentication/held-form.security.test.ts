import { beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { pageTexts as en } from '../../../src/languages/en/pages.ts';
import { insertAccount } from '../../contract/insert-account.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import type { Account, Caller } from '../../contract/route-table.ts';
import { freshEmail, password } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import { databaseUrl, openDatabase } from '../../support/database.ts';
import { mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { formsOf, readMain, titleOf } from '../../support/shown-page.ts';
import { reset } from '../password/password-reset.ts';

const client = new TestClient();
const cookieName = '__Host-nexora_held_form';
let account: Account;

beforeEach(async () => {
  recordLog();
  account = await insertAccount(client);
  await makeStale(account);
});

type Cookies = Readonly<Record<string, string>>;

function makeStale({ userId }: Pick<Caller, 'userId'>): Promise<unknown> {
  return openDatabase(databaseUrl()).query(sql`
    UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE user_id = ${userId}::uuid`);
}

interface Held {
  readonly id: string;
  readonly value: string;
  readonly newEmail: string;
}

/** A change of the address that waits. */
async function hold(cookies: Cookies = account.cookies, by = client, newEmail = freshEmail()): Promise<Held> {
  const form = { section: 'email', action: 'change', newEmail };
  const answer = await by.submit('/account', form, { cookies });
  const location = new URL(answer.headers.get('Location') ?? '', 'https://auth.test');
  expect([answer.status, location.pathname], answer.text).toEqual([303, '/reauthenticate']);
  const [id, value] = [location.searchParams.get('form') ?? '', cookieValue(answer, cookieName) ?? ''];
  return { id, value, newEmail };
}

function prove(form: string, cookies: Cookies, by = client): Promise<Answer> {
  const fields = { form, returnTo: '/account', action: 'prove', password };
  return by.submit('/reauthenticate', fields, { cookies });
}

/** Presses the button of a form that waits, without a proof. */
function goOn(form: string, cookies: Cookies, by = client): Promise<Answer> {
  return by.submit('/reauthenticate', { form, returnTo: '/account', action: 'continue' }, { cookies });
}

const logIn = (by = client) =>
  by.post('/api/auth/login', { email: account.email, password, transport: 'cookie' });

const isRequested = async ({ newEmail }: Held) =>
  (await mailsTo(client, newEmail)).some(({ kind }) => kind === 'confirm_email_change');

async function expectDone(answer: Answer, held: Held): Promise<void> {
  expect([answer.status, answer.headers.get('Location')], answer.text).toEqual([303, '/account#email']);
  expect(await isRequested(held)).toBe(true);
}

/** That nothing was done, and the page says so. */
async function expectExpired(answer: Answer, ...held: readonly Held[]): Promise<void> {
  expect([answer.status, answer.headers.get('Location')], answer.text).toEqual([303, '/account']);
  expect(cookieValue(answer, '__Host-nexora_notice')).toBe('form_expired');
  for (const one of held) expect(await isRequested(one)).toBe(false);
  const shown = await client.get('/account', {
    cookies: { ...authCookies(answer), '__Host-nexora_notice': 'form_expired' },
  });
  if (authCookies(answer)['__Host-nexora_access'] !== '')
    expect(shown.text).toContain('What you entered before is no longer kept.');
}

describe('a form that waits', () => {
  test('is done once its sender has authenticated, and waits no longer (SES-15)', async () => {
    const held = await hold();
    const answer = await prove(held.id, { ...account.cookies, [cookieName]: held.value });
    await expectDone(answer, held);
    expect(cookieValue(answer, cookieName)).toBe('');
  });

  test('is done by nobody while the account is being recovered, however it is pressed on (LNK-15)', async () => {
    const held = await hold();
    const cookies = { ...account.cookies, [cookieName]: held.value };
    await openDatabase(databaseUrl()).query(sql`
      UPDATE users SET recovery_since = now(), recovery_cause = 'second_factor_guessed' WHERE id = ${account.userId}::uuid`);
    const proved = await prove(held.id, cookies);
    expect(proved.status).toBe(403);
    expect(readMain(proved)).toContain(en.errors.recovery_required);
    const pressed = await goOn(held.id, { ...cookies, ...authCookies(proved) });
    expect(pressed.status).toBe(403);
    expect(await isRequested(held)).toBe(false);
  });

  test('before "this was not me" is not done after the reset that followed, by nobody who is in the account then (LNK-19)', async () => {
    const held = await hold();
    expect((await client.post('/api/auth/not-me', { token: account.links.not_me })).status).toBe(200);
    const link = await tokenFrom(client, account.email, 'reset_password');
    expect((await reset(client, link, password)).status).toBe(200);
    await expectExpired(
      await goOn(held.id, { ...authCookies(await logIn()), [cookieName]: held.value }),
      held,
    );
    const by = authCookies(await logIn());
    await makeStale(account);
    await expectExpired(await prove(held.id, { ...by, [cookieName]: held.value }), held);
  });

  test('is not done where other sessions were signed out meanwhile, in the session that did it either (LNK-19)', async () => {
    const held = await hold();
    const cookies = { ...account.cookies, [cookieName]: held.value };
    await client.call('DELETE', '/api/auth/sessions?keep=current', { bearer: account.accessToken });
    await expectExpired(await prove(held.id, cookies), held);
  });

  test('that is done again by a kept copy does what its sender could do as well, and no more', async () => {
    const held = await hold();
    const first = await prove(held.id, { ...account.cookies, [cookieName]: held.value });
    await expectDone(first, held);
    // A copy in a browser of somebody who does not pass the gates waits for them to.
    const renewed = { ...authCookies(first), [cookieName]: held.value };
    await makeStale(account);
    const refused = await goOn(held.id, renewed);
    expect(new URL(refused.headers.get('Location') ?? '', 'https://auth.test').pathname).toBe(
      '/reauthenticate',
    );
  });

  test('has nothing in its cookie that anybody can read, nor in its address', async () => {
    const newEmail = `readable-${crypto.randomUUID()}@example.com`;
    const held = await hold(account.cookies, client, newEmail);
    const again = await hold(account.cookies, client, newEmail);
    const sealed = held.value.slice(held.id.length + 1);
    expect(held.value.startsWith(`${held.id}.`)).toBe(true);
    expect(sealed).toMatch(/^[\w.-]+$/);
    for (const part of sealed.split('.')) {
      const bytes = atob(part.replaceAll('-', '+').replaceAll('_', '/'));
      for (const text of ['readable', 'email', 'section', '/account', account.userId])
        expect(bytes).not.toContain(text);
    }
    for (const text of ['readable', account.userId]) expect(held.value).not.toContain(text);
    // Nor can anybody see that the same form was sent twice.
    expect(again.value.slice(again.id.length)).not.toBe(held.value.slice(held.id.length));
  });

  test('is that of the account that sent it, whoever else uses the browser', async () => {
    const held = await hold();
    const other = await insertAccount(client);
    await makeStale(other);
    const answer = await prove(held.id, { ...other.cookies, [cookieName]: held.value });
    await expectExpired(answer, held);
  });

  test('is the last one alone', async () => {
    const [first, second] = [await hold(), await hold()];
    const cookies = { ...account.cookies, [cookieName]: second.value };
    await expectExpired(await prove(first.id, cookies), first, second);
  });

  test('is known by its own id, and by no other', async () => {
    const held = await hold();
    const other = await hold();
    for (const id of [
      other.id,
      'AAAAAAAAAAAA',
      `${held.id}x`,
      held.id.slice(1),
      held.value,
      '.',
      ' ',
      '__proto__',
    ]) {
      const by = await logIn();
      await expectExpired(await prove(id, { ...authCookies(by), [cookieName]: held.value }), held, other);
    }
    const by = await logIn();
    await expectDone(await prove(held.id, { ...authCookies(by), [cookieName]: held.value }), held);
  });

  test('is gone where its cookie is gone, or was changed', async () => {
    const held = await hold();
    const other = await hold();
    const sealed = held.value.slice(held.id.length + 1);
    const swapped = sealed.at(20) === 'A' ? 'B' : 'A';
    for (const value of [
      '',
      held.id,
      `${held.id}.`,
      `${held.id}.${sealed.slice(0, 20)}${swapped}${sealed.slice(21)}`,
      `${held.id}.${sealed.slice(0, -4)}`,
      `${held.id}.${other.value.slice(other.id.length + 1)}`,
      `${held.id}.${btoa(JSON.stringify({ path: '/account', fields: {}, at: Date.now() }))}`,
    ]) {
      const by = await logIn();
      const cookies = { ...authCookies(by), ...(value !== '' && { [cookieName]: value }) };
      await expectExpired(await prove(held.id, cookies), held, other);
    }
  });

  test('waits ten minutes', async () => {
    for (const [seconds, isDone] of [
      [590, true],
      [601, false],
    ] as const) {
      const held = await hold();
      const later = new TestClient({}, { now: () => Date.now() + seconds * 1000 });
      const by = await logIn(later);
      await makeStale(account);
      const answer = await prove(held.id, { ...authCookies(by), [cookieName]: held.value }, later);
      expect(answer.headers.get('Location'), answer.text).toBe(isDone ? '/account#email' : '/account');
      expect(await isRequested(held)).toBe(isDone);
    }
  });

  test('is opened by no other secret of the service', async () => {
    const held = await hold();
    const other = new TestClient({ AUTH_SECRET: btoa('x'.repeat(32)) });
    const by = await logIn();
    // Access tokens are signed by other keys.
    const { '__Host-nexora_access': access = '' } = authCookies(by);
    const cookies = { '__Host-nexora_access': access, [cookieName]: held.value };
    await expectExpired(await goOn(held.id, cookies, other), held);
  });

  test('is not held where it is too long for a cookie: its sender types it again', async () => {
    const form = { section: 'two-factor', action: 'setup', note: 'x'.repeat(5000) };
    const answer = await client.submit('/account/security', form, { cookies: account.cookies });
    expect([answer.status, answer.headers.get('Location')]).toEqual([
      303,
      '/reauthenticate?returnTo=%2Faccount%2Fsecurity',
    ]);
    expect(answer.setCookies).toEqual([]);
  });

  test('is never longer than what a browser keeps', async () => {
    for (let length = 2000; length <= 3600; length += 100) {
      const form = { section: 'two-factor', action: 'setup', note: 'x'.repeat(length) };
      const answer = await client.submit('/account/security', form, { cookies: account.cookies });
      for (const line of answer.setCookies) expect(line.length).toBeLessThanOrEqual(4096);
      expect(answer.setCookies.length > 0).toBe(answer.headers.get('Location')?.includes('form='));
    }
  });
});

describe('somebody who authenticated elsewhere meanwhile', () => {
  /** Comes back from a provider, say: the session is recent, and the browser opens the address of the form. */
  async function comeBack(): Promise<{ held: Held; cookies: Cookies }> {
    const held = await hold();
    const by = await logIn();
    return { held, cookies: { ...authCookies(by), [cookieName]: held.value } };
  }

  test('presses a button, since to look at the page does nothing (EML-05)', async () => {
    const { held, cookies } = await comeBack();
    for (const method of ['GET', 'HEAD', 'GET']) {
      const shown = await client.call(method, `/reauthenticate?returnTo=/account&form=${held.id}`, {
        cookies,
      });
      expect([shown.status, shown.setCookies]).toEqual([200, []]);
      if (method === 'HEAD') continue;
      expect(titleOf(shown)).toBe('Please confirm that it is you');
      const [form] = formsOf(shown);
      expect(form).toEqual({
        action: `/reauthenticate?form=${held.id}&amp;returnTo=%2Faccount`,
        fields: { form: held.id, returnTo: '/account', action: 'continue' },
      });
    }
    expect(await isRequested(held)).toBe(false);
    const done = await goOn(held.id, cookies);
    await expectDone(done, held);
    expect(cookieValue(done, cookieName)).toBe('');
  });

  test('is asked again where that was too long ago as well', async () => {
    const { held, cookies } = await comeBack();
    await makeStale(account);
    const asked = await goOn(held.id, cookies);
    const location = new URL(asked.headers.get('Location') ?? '', 'https://auth.test');
    expect([asked.status, location.pathname]).toEqual([303, '/reauthenticate']);
    expect(await isRequested(held)).toBe(false);
    // It waits as it did.
    expect([location.searchParams.get('form'), asked.setCookies]).toEqual([held.id, []]);
  });

  test('lets no other page press it (CSR-01, CSR-06)', async () => {
    const { held, cookies } = await comeBack();
    const fields = { form: held.id, returnTo: '/account', action: 'continue' };
    for (const Origin of ['https://evil.example', 'https://app.test', 'null']) {
      const answer = await client.submit('/reauthenticate', fields, { cookies, headers: { Origin } });
      expect([answer.status, answer.setCookies]).toEqual([403, []]);
    }
    expect(await isRequested(held)).toBe(false);
  });

  test('is nobody who has signed out', async () => {
    const { held, cookies } = await comeBack();
    await client.post('/api/auth/logout', {}, { cookies });
    const fields = { form: held.id, returnTo: '/account', action: 'continue' };
    const address = `/reauthenticate?form=${held.id}&returnTo=%2Faccount`;
    const answer = await client.submit(address, fields, { cookies });
    // Back to the page where it waits, once they have signed in.
    const { pathname, searchParams } = new URL(answer.headers.get('Location') ?? '', 'https://auth.test');
    expect([answer.status, pathname, searchParams.get('redirectTo')]).toEqual([303, '/login', address]);
    expect(await isRequested(held)).toBe(false);
  });
});

describe('a form that fails once its sender has authenticated', () => {
  test('is told by its page, and the browser has the new session (SES-03)', async () => {
    const held = await hold(account.cookies, client, account.email);
    const answer = await prove(held.id, { ...account.cookies, [cookieName]: held.value });
    expect([answer.status, titleOf(answer)], answer.text).toEqual([400, 'Your account']);
    expect(answer.text).toContain('This is your current address.');
    expect((await client.get('/api/auth/me', { cookies: authCookies(answer) })).status).toBe(200);
    expect((await client.get('/api/auth/me', { cookies: account.cookies })).status).toBe(401);
  });

  test('is not held where it is refused at once', async () => {
    const form = { section: 'email', action: 'change', newEmail: 'not an address' };
    const answer = await client.submit('/account', form, { cookies: account.cookies });
    expect([answer.status, answer.setCookies]).toEqual([400, []]);
  });
});
