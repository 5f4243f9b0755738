import { expect } from 'vitest';
import { createApp } from '../../src/app.ts';
import {
  freshClient,
  freshEmail,
  logIn,
  otherPassword,
  password,
  registerUser,
} from '../support/accounts.ts';
import { TestClient } from '../support/client.ts';
import { tokenFrom } from '../support/mailbox.ts';
import { adminSecret } from '../support/test-env.ts';
import { twoFactorUser } from '../support/two-factor.ts';
import { insertAccount } from './insert-account.ts';

/** What a person sends from a page, so that it does what it is for. */
export type PageForm = Readonly<Record<string, string>> & { readonly token: string };

/** Every page that a link in a mail leads to, with what has to happen before somebody can use it. */
export const pageTable: Readonly<Record<string, (client: TestClient) => Promise<PageForm>>> = {
  '/auth/verify-email': async (client) => {
    const { email } = await registerUser(client, {}, freshClient());
    return { token: await tokenFrom(client, email, 'verify_email'), password };
  },
  '/auth/reset-password': async (client) => {
    const { email } = await registerUser(client, {}, freshClient());
    expect(
      (await client.post('/api/auth/password/forgot', { email }, { headers: freshClient() })).status,
    ).toBe(202);
    const token = await tokenFrom(client, email, 'reset_password');
    return { token, password: otherPassword, confirmPassword: otherPassword };
  },
  '/auth/confirm-email': async (client) => {
    const { token } = await changeEmail(client);
    return { token, password };
  },
  '/auth/revert-email': async (client) => {
    const { email, token } = await changeEmail(client);
    expect((await client.post('/api/auth/email/change/confirm', { token, password })).status).toBe(200);
    return { token: await tokenFrom(client, email, 'email_changed') };
  },
  '/auth/not-me': async (client) => {
    const { email } = await registerUser(client, {}, freshClient());
    await logIn(client, email);
    return { token: await tokenFrom(client, email, 'new_device') };
  },
  '/auth/unlock': async (client) => {
    const { email } = await registerUser(client, {}, freshClient());
    // Two wrong passwords are enough for a lock there.
    const strict = new TestClient({ ...textsOf(client), LOGIN_ATTEMPTS_MAX: '1' });
    for (const status of [401, 429]) {
      const answer = await strict.post('/api/auth/login', { email, password: otherPassword });
      expect(answer.status).toBe(status);
    }
    return { token: await tokenFrom(client, email, 'account_locked') };
  },
  '/auth/keep-two-factor': async (client) => {
    const { email, userId } = await twoFactorUser(client);
    const operated = new TestClient({ ...textsOf(client), ADMIN_SECRET: adminSecret });
    const path = `/api/admin/users/${userId}/two-factor/reset`;
    expect((await operated.post(path, undefined, { bearer: adminSecret })).status).toBe(202);
    return { token: await tokenFrom(client, email, 'two_factor_reset_requested') };
  },
};

const served = createApp().serves.filter(({ medium }) => medium === 'page');

/** The pages that are served, by path. */
export const registeredPages = served.filter(({ method }) => method === 'GET').map(({ path }) => path);
/** Those of a link, with its form. The hosted ones are in hosted-page-table.ts; those for developers have none. */
export const formPages = served
  .filter(({ method, guard }) => method === 'POST' && guard !== 'visitor' && guard !== 'account-holder')
  .map(({ path }) => path);

/** The form of a page, after all that leads there. @throws where the table has no example */
export function prepareForm(client: TestClient, path: string): Promise<PageForm> {
  const prepare = pageTable[path];
  if (prepare === undefined) throw new Error(`no example for ${path}`);
  return prepare(client);
}

/** The same for an account whose link was inserted, which costs one statement. */
export async function insertForm(client: TestClient, path: string): Promise<PageForm> {
  const { links, twoFactor } = await insertAccount(client);
  const forms: Readonly<Record<string, PageForm>> = {
    '/auth/verify-email': { token: links.verify_email, password },
    '/auth/reset-password': {
      token: links.reset_password,
      password: otherPassword,
      confirmPassword: otherPassword,
    },
    '/auth/confirm-email': { token: links.change_email, password },
    '/auth/revert-email': { token: links.revert_email },
    '/auth/not-me': { token: links.not_me },
    '/auth/unlock': { token: links.unlock },
    '/auth/keep-two-factor': { token: twoFactor.keepToken },
  };
  const form = forms[path];
  if (form === undefined) throw new Error(`no form for ${path}`);
  return form;
}

/** The address that the link in a mail has. */
export function linkTo(path: string, token: string): string {
  return `${path}?token=${encodeURIComponent(token)}`;
}

async function changeEmail(client: TestClient): Promise<{ email: string; token: string }> {
  const { email, json } = await registerUser(client, {}, freshClient());
  const newEmail = freshEmail();
  const caller = { bearer: json.accessToken, headers: freshClient() };
  const answer = await client.post('/api/auth/email/change', { newEmail }, caller);
  expect(answer.status, answer.text).toBe(202);
  return { email, token: await tokenFrom(client, newEmail, 'confirm_email_change') };
}

function textsOf({ env }: TestClient): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
