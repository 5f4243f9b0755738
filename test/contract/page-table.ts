import { createApp } from '../../src/app.ts';
import { otherPassword, password } from '../support/accounts.ts';
import type { TestClient } from '../support/client.ts';
import { insertAccount } from './insert-account.ts';
import type { Account } from './route-table.ts';

/** What a person sends from a page, so that it does what it is for. */
export type PageForm = Readonly<Record<string, string>> & { readonly token: string };

const served = createApp().serves.filter(({ medium }) => medium === 'page');

/** The pages that are served, by path. */
export const registeredPages = served.filter(({ method }) => method === 'GET').map(({ path }) => path);
/** Those of a link, with its form. The hosted ones are in hosted-page-table.ts; those for developers have none. */
export const formPages = served
  .filter(({ method, guard }) => method === 'POST' && guard !== 'visitor' && guard !== 'account-holder')
  .map(({ path }) => path);

/** The form of a page, with a link of an account that is stored with it. */
export async function insertForm(client: TestClient, path: string): Promise<PageForm> {
  return formOf(path, await insertAccount(client, (account) => formOf(path, account)));
}

/** The form of a page by a link of the account, as a mail has it. @throws where none leads there */
export function formOf(path: string, account: Account): PageForm {
  const { links } = account;
  switch (path) {
    case '/auth/verify-email':
      return { token: links.verify_email, password };
    case '/auth/reset-password':
      return { token: links.reset_password, password: otherPassword, confirmPassword: otherPassword };
    case '/auth/confirm-email':
      return { token: links.change_email, password };
    case '/auth/revert-email':
      return { token: links.revert_email };
    case '/auth/not-me':
      return { token: links.not_me };
    case '/auth/unlock':
      return { token: links.unlock };
    case '/auth/keep-two-factor':
      return { token: account.twoFactor.keepToken };
    default:
      throw new Error(`no form for ${path}`);
  }
}

/** The address that the link in a mail has. */
export function linkTo(path: string, token: string): string {
  return `${path}?token=${encodeURIComponent(token)}`;
}
