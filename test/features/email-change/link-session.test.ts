import { describe, expect, test } from 'vitest';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { freshEmail, password, registerUser } from '../../support/accounts.ts';
import { authCookies, TestClient } from '../../support/client.ts';
import { type Cookies, inputOf, press } from '../../support/hosted-pages.ts';
import { alertOf, titleOf } from '../../support/shown-page.ts';
import { signedInBy } from '../sessions/session-fixtures.ts';
import { linkTo, storedUser } from './mover.ts';

const path = '/auth/confirm-email';
const client = new TestClient();
const en = pageLanguages.en!;
const refreshCookie = '__Host-nexora_refresh';

const open = (token: string, cookies: Cookies = {}) =>
  client.get(`${path}?${new URLSearchParams({ token })}`, { cookies });

/** Somebody who has asked for another address, and the refresh token of their browser, without the access token. */
async function aged() {
  const answer = await registerUser(client);
  const owner = { ...signedInBy(answer), email: answer.email };
  const newEmail = freshEmail();
  const { [refreshCookie]: refreshToken = '' } = authCookies(answer);
  return {
    ...{ email: owner.email, newEmail, userId: owner.userId },
    ...{ token: await linkTo(client, owner, newEmail), cookies: { [refreshCookie]: refreshToken } },
  };
}

describe('the page /auth/confirm-email for somebody whose access token has died', () => {
  test('asks for no password, and nobody for who it is', async () => {
    const { token, cookies } = await aged();
    const shown = await open(token, cookies);
    expect([shown.status, shown.roundTrips, shown.setCookies]).toEqual([200, 0, []]);
    expect(inputOf(shown, 'password')).toBeUndefined();
    expect(inputOf(await open(token), 'password')).toBeDefined();
  });

  test('moves the account without a password, and has new tokens of it (SES-03)', async () => {
    const { token, newEmail, userId, cookies } = await aged();
    const done = await press(client, path, { token }, cookies);
    expect([done.status, titleOf(done)], done.text).toEqual([200, en.pages.confirmEmailChange.done.title]);
    expect(await storedUser(userId)).toMatchObject({ email: newEmail, is_verified: true });
    const renewed = authCookies(done);
    expect(renewed[refreshCookie]).not.toBe(cookies[refreshCookie]);
    const me = await client.get('/api/auth/me', { cookies: renewed });
    expect(me.json.user).toMatchObject({ id: userId, email: newEmail });
    expect((await client.post('/api/auth/refresh', {}, { cookies: renewed })).status).toBe(200);
  });

  test('is asked for the password where the refresh token is forged', async () => {
    const { token, email, userId, cookies } = await aged();
    const { [refreshCookie]: genuine } = cookies;
    const changed = `${genuine.slice(0, -6)}${genuine.at(-6) === 'A' ? 'B' : 'A'}${genuine.slice(-5)}`;
    for (const forged of ['nxr_forged', 'x', changed]) {
      const shown = await open(token, { [refreshCookie]: forged });
      expect([shown.status, shown.roundTrips]).toEqual([200, 0]);
      expect(inputOf(shown, 'password'), forged).toBeDefined();
      const refused = await press(client, path, { token }, { [refreshCookie]: forged });
      expect([refused.status, refused.setCookies], forged).toEqual([400, []]);
    }
    expect(await storedUser(userId)).toMatchObject({ email });
  });

  test('is asked for the password once it turns out that the session has ended', async () => {
    const { token, email, newEmail, userId, cookies } = await aged();
    expect((await client.post('/api/auth/logout', {}, { cookies })).status).toBe(200);
    expect(inputOf(await open(token, cookies), 'password')).toBeUndefined();
    const refused = await press(client, path, { token }, cookies);
    expect([refused.status, refused.setCookies]).toEqual([400, []]);
    expect(alertOf(refused)).toBe(en.errors.password_required);
    expect(inputOf(refused, 'password')).toBeDefined();
    expect(await storedUser(userId)).toMatchObject({ email });
    expect((await press(client, path, { token, password }, cookies)).status).toBe(200);
    expect(await storedUser(userId)).toMatchObject({ email: newEmail });
  });
});
