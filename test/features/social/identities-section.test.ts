import { describe, expect, test } from 'vitest';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { freshEmail, registerUser } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import { type Cookies, led, makeStale, press, sectionOf } from '../../support/hosted-pages.ts';
import { signInAtIssuer } from '../../support/issuer-browser.ts';
import {
  alertOf,
  buttonsOf,
  decoded,
  formsOf,
  linksOf,
  noticeOf,
  titleOf,
} from '../../support/shown-page.ts';
import {
  begunVisit,
  followBack,
  landing,
  localProviders,
  signInAtLocalIssuer,
  visitCookies,
  withIssuers,
} from '../../support/social.ts';
import { baseUrl } from '../../support/test-env.ts';

const path = '/account';
const heldCookie = '__Host-nexora_held_form';
const client = new TestClient({ EMAIL_VERIFICATION: 'off', ...withIssuers(localProviders()) });
const en = pageLanguages.en!;

/** Somebody who has signed in at the local issuer. */
async function signedInPerson(email = freshEmail()): Promise<{ email: string; cookies: Cookies }> {
  const answer = await signInAtLocalIssuer(client, 'local', { email, name: 'Ada' });
  expect(landing(answer)).toMatchObject({ error: null });
  return { email, cookies: authCookies(answer) };
}

/** Presses a button of the section. */
const pressed = (action: string, provider: string, cookies: Cookies, by = client) =>
  press(by, path, { section: 'identities', action, provider }, cookies);

const shown = async (cookies: Cookies, by = client) =>
  sectionOf(await by.get(path, { cookies }), 'identities')!;

/** What can be done in the section: a button and what it posts about which provider. */
const doable = (section: Answer) =>
  formsOf(section).map(({ fields }, index) => [buttonsOf(section)[index], fields.action, fields.provider]);

/** Goes where a page sends the browser, signs in there, and comes back. */
async function visitFrom(page: Answer, provider: string, email: string, cookies: Cookies): Promise<Answer> {
  const visit = begunVisit(provider, page, forwardOf(page));
  return followBack(client, visit, await signInAtIssuer(visit.url.href, { email }), { cookies });
}

function forwardOf({ text }: Answer): string {
  return decoded(/<meta http-equiv="refresh" content="0;url=([^"]*)"/.exec(text)?.[1] ?? '');
}

/** Connects the second provider, as somebody whom it knows under another address. */
async function connectSecond(cookies: Cookies, email = freshEmail()): Promise<Answer> {
  return visitFrom(await pressed('connect', 'second', cookies), 'second', email, cookies);
}

describe('the section of connected accounts', () => {
  test('shows whom the account is connected with, and with whom it can be', async () => {
    const { email, cookies } = await signedInPerson();
    const section = await shown(cookies);
    expect(section.text).toContain(en.account.identities.title);
    expect(section.text).toContain(email);
    expect(section.text).toMatch(/connected on [A-Z][a-z]+ \d{1,2}, \d{4}</);
    expect(section.text).toContain('aria-label="Remove Local issuer"');
    expect(doable(section)).toEqual([
      ['Remove', 'remove', 'local'],
      ['Connect Local issuer by form', 'connect', 'local-post'],
      ['Connect Second issuer', 'connect', 'second'],
    ]);
    expect(formsOf(section).map(({ action }) => action)).toEqual([path, path, path]);
  });

  test('shows an account without any, a provider that is not configured any more, and nothing where there is none', async () => {
    const registered = authCookies(await registerUser(client));
    expect((await shown(registered)).text).toContain(en.account.identities.none);
    const { cookies } = await signedInPerson();
    const without = new TestClient({ EMAIL_VERIFICATION: 'off' });
    const section = await shown(cookies, without);
    expect(doable(section)).toEqual([['Remove', 'remove', 'local']]);
    expect(section.text).toContain('<strong>local</strong>');
    expect(await shown(registered, without)).toBeUndefined();
  });
});

describe('connecting an account', () => {
  test('shows the way to the provider, and begins the visit in this browser', async () => {
    const { cookies } = await signedInPerson();
    const answer = await pressed('connect', 'second', cookies);
    expect([answer.status, titleOf(answer)]).toEqual([200, 'Continue to Second issuer']);
    const url = new URL(forwardOf(answer));
    expect(linksOf(answer)).toEqual({ 'Continue to Second issuer': url.href, Back: path });
    expect(url.searchParams.get('redirect_uri')).toBe(`${baseUrl}/api/auth/oauth/second/callback`);
    expect(Object.keys(visitCookies(answer))).toHaveLength(1);
    expect(answer.setCookies).toEqual([expect.stringMatching(/; SameSite=Lax;/)]);
    const byForm = await pressed('connect', 'local-post', cookies);
    expect(byForm.setCookies).toEqual([expect.stringMatching(/; SameSite=None;/)]);
  });

  test('ends on the page, with both', async () => {
    const { cookies } = await signedInPerson();
    const answer = await connectSecond(cookies);
    expect(landing(answer)).toMatchObject({ status: 303, url: `${baseUrl}/account#identities`, error: null });
    expect(doable(await shown(cookies))).toEqual([
      ['Remove', 'remove', 'local'],
      ['Remove', 'remove', 'second'],
      ['Connect Local issuer by form', 'connect', 'local-post'],
    ]);
  });

  test('of a provider that is connected is refused, and so is one that there is not', async () => {
    const { cookies } = await signedInPerson();
    const linked = await pressed('connect', 'local', cookies);
    expect(linked.status).toBe(409);
    expect(alertOf(sectionOf(linked, 'identities')!)).toBe(en.errors.identity_already_linked);
    const unknown = await pressed('connect', 'nobody', cookies);
    expect(unknown.status).toBe(404);
    expect(alertOf(sectionOf(unknown, 'identities')!)).toBe(en.errors.not_found);
    expect([...linked.setCookies, ...unknown.setCookies]).toEqual([]);
  });

  test('tells on the page why it came to nothing, and of an unknown code nothing (HDR-04)', async () => {
    const { cookies } = await signedInPerson();
    const page = await pressed('connect', 'second', cookies);
    const visit = begunVisit('second', page, forwardOf(page));
    const visitor = { email: freshEmail(), isCancelled: true };
    const back = await followBack(client, visit, await signInAtIssuer(visit.url.href, visitor), { cookies });
    const { pathname, search } = new URL(back.headers.get('Location')!);
    expect(pathname + search).toBe('/account?error=access_denied');
    const told = await client.get(pathname + search, { cookies });
    expect(alertOf(sectionOf(told, 'identities')!)).toBe(en.fromProvider.account.access_denied);
    const unknown = await client.get('/account?error=%3Cb%3Eevil', { cookies });
    expect(alertOf(sectionOf(unknown, 'identities')!)).toBe(en.fromProvider.account.otherwise);
  });

  test('tells somebody whose sign-in was too long ago in the meantime what to do', async () => {
    const { cookies } = await signedInPerson();
    const answer = await client.get('/account?error=reauthentication_required', { cookies });
    expect(alertOf(sectionOf(answer, 'identities')!)).toBe(en.fromProvider.account.reauthentication_required);
  });

  test('at a provider that cannot be used is told on the page and logged', async () => {
    const log = recordLog();
    const { cookies } = await signedInPerson();
    const [local] = localProviders() as [object];
    const gone = { ...local, id: 'gone', name: 'Gone', issuer: 'http://127.0.0.1:9' };
    const other = new TestClient({ EMAIL_VERIFICATION: 'off', ...withIssuers([gone]) });
    const answer = await pressed('connect', 'gone', cookies, other);
    expect(answer.status).toBe(502);
    expect(alertOf(sectionOf(answer, 'identities')!)).toBe(en.errors.provider_error);
    expect(log).toEqual([expect.stringContaining('the provider could not be reached')]);
    const half = new TestClient({ GITHUB_CLIENT_ID: 'half' });
    const off = await pressed('connect', 'github', cookies, half);
    expect(off.status).toBe(503);
    expect(alertOf(sectionOf(off, 'identities')!)).toBe(en.errors.misconfigured);
    expect(log[1]).toContain('GITHUB_CLIENT_SECRET');
  });
});

describe('removing a connected account', () => {
  test('takes one sign-in away, and shows the page anew', async () => {
    const { cookies } = await signedInPerson();
    await connectSecond(cookies);
    const answer = await pressed('remove', 'local', cookies);
    expect(led(answer)).toEqual([303, '/account#identities']);
    const notice = cookieValue(answer, '__Host-nexora_notice')!;
    const next = await client.get(path, { cookies: { ...cookies, '__Host-nexora_notice': notice } });
    expect(noticeOf(next)).toBe(en.flashes.identity_removed);
    expect(doable(sectionOf(next, 'identities')!)).toContainEqual(['Remove', 'remove', 'second']);
    expect(doable(sectionOf(next, 'identities')!)).toContainEqual([
      'Connect Local issuer',
      'connect',
      'local',
    ]);
    const again = await pressed('remove', 'local', cookies);
    expect(again.status).toBe(404);
    expect(alertOf(sectionOf(again, 'identities')!)).toBe(en.errors.identity_not_found);
  });

  test('is refused for the last one, and the page says what to do first', async () => {
    const { cookies } = await signedInPerson();
    const answer = await pressed('remove', 'local', cookies);
    expect(answer.status).toBe(409);
    expect(alertOf(sectionOf(answer, 'identities')!)).toBe(en.errors.last_sign_in_method);
    expect(doable(await shown(cookies))).toContainEqual(['Remove', 'remove', 'local']);
  });

  test('removes nothing by what no button posts (INP-02)', async () => {
    const { cookies } = await signedInPerson();
    await connectSecond(cookies);
    const { provider: _, ...without } = { section: 'identities', action: 'remove', provider: 'local' };
    for (const [form, status] of [
      [{ ...without, provider: '../admin' }, 404],
      [{ ...without, provider: 'x'.repeat(51) }, 404],
      [without, 404],
      [{ ...without, provider: 'local', action: 'evil' }, 400],
      [{ ...without, provider: 'local', section: 'evil' }, 400],
    ] as const) {
      const answer = await press(client, path, form, cookies);
      expect(answer.status, JSON.stringify(form)).toBe(status);
      expect(answer.text).not.toContain('evil');
    }
    expect(doable(await shown(cookies))).toContainEqual(['Remove', 'remove', 'local']);
  });
});

describe('a while after the sign-in', () => {
  /** Somebody with two connected accounts, whose sign-in was a while ago, and who is asked to confirm it. */
  async function askedToConfirm(action: string, provider: string) {
    const { email, cookies } = await signedInPerson();
    const secondEmail = freshEmail();
    await connectSecond(cookies, secondEmail);
    await makeStale(email);
    const held = await pressed(action, provider, cookies);
    const holding = { ...cookies, [heldCookie]: cookieValue(held, heldCookie)! };
    return { email, secondEmail, held, cookies: holding, at: held.headers.get('Location')! };
  }

  test.each([
    ['connect', 'local-post'],
    ['remove', 'second'],
  ])('%s leads to the providers that can confirm it', async (action, provider) => {
    const { held, at, cookies } = await askedToConfirm(action, provider);
    expect(held.status).toBe(303);
    expect(at).toMatch(/^\/reauthenticate\?returnTo=%2Faccount&form=[\w-]+$/);
    const answer = await client.get(at, { cookies });
    expect([answer.status, titleOf(answer)]).toEqual([200, en.signIn.confirm.title]);
    const ways = formsOf(answer).filter(({ fields }) => fields.action === 'visit');
    expect(ways.map(({ fields }) => fields.way)).toEqual(['local', 'second']);
    expect(buttonsOf(answer)).toEqual(
      expect.arrayContaining(['Confirm at Local issuer', 'Confirm at Second issuer']),
    );
  });

  test('whoever confirms it at a provider comes back to a button, which does what was held', async () => {
    const { email, at, cookies } = await askedToConfirm('remove', 'second');
    const way = formsOf(await client.get(at, { cookies })).find(({ fields }) => fields.way === 'local')!;
    const page = await press(client, way.action, way.fields, cookies);
    expect([page.status, titleOf(page)]).toEqual([200, 'Continue to Local issuer']);
    expect(new URL(forwardOf(page)).searchParams.get('prompt')).toBe('login');
    const back = await visitFrom(page, 'local', email, cookies);
    const { pathname, search } = new URL(landing(back).url);
    expect([pathname, landing(back).error]).toEqual(['/reauthenticate', null]);
    const renewed = { ...cookies, ...authCookies(back) };
    const answer = await client.get(pathname + search, { cookies: renewed });
    expect(noticeOf(answer)).toBe(en.signIn.confirm.confirmed);
    expect(buttonsOf(answer)).toEqual(['Continue']);
    expect(doable(await shown(renewed))).toContainEqual(['Remove', 'remove', 'second']);
    const [goOn] = formsOf(answer);
    const done = await press(client, goOn!.action, goOn!.fields, renewed);
    expect(led(done)).toEqual([303, '/account#identities']);
    expect(cookieValue(done, heldCookie)).toBe('');
    expect(doable(await shown(renewed))).not.toContainEqual(['Remove', 'remove', 'second']);
  });

  test('whoever is somebody else at the provider confirms nothing', async () => {
    const { at, cookies } = await askedToConfirm('remove', 'second');
    const way = formsOf(await client.get(at, { cookies })).find(({ fields }) => fields.way === 'local')!;
    const page = await press(client, way.action, way.fields, cookies);
    const back = await visitFrom(page, 'local', freshEmail(), cookies);
    expect(landing(back).error).not.toBeNull();
    const done = await press(client, way.action, { ...way.fields, action: 'continue' }, cookies);
    expect(done.headers.get('Location')).toMatch(/^\/reauthenticate\?/);
    expect(doable(await shown(cookies))).toContainEqual(['Remove', 'remove', 'second']);
  });

  test('whoever comes back from the provider without a confirmation is told why', async () => {
    const { cookies } = await askedToConfirm('remove', 'second');
    const answer = await client.get('/reauthenticate?returnTo=%2Faccount&error=access_denied', { cookies });
    expect(alertOf(answer)).toBe(en.fromProvider.account.access_denied);
  });

  test('a provider that is not connected cannot confirm it', async () => {
    const { email, cookies } = await signedInPerson();
    await makeStale(email);
    const answer = await press(client, '/reauthenticate', { action: 'visit', way: 'second' }, cookies);
    expect(answer.status).toBe(404);
    expect(visitCookies(answer)).toEqual({});
  });
});
