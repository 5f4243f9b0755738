import { describe, expect, test } from 'vitest';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { freshClient, password, registerUser } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import {
  type Cookies,
  clearedBy,
  led,
  press,
  sectionOf,
  sessionCookies,
} from '../../support/hosted-pages.ts';
import { buttonsOf, formsOf, linksOf, noticeOf, readMain, titleOf } from '../../support/shown-page.ts';

const path = '/account/sessions';
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const en = pageLanguages.en!;
const text = en.account.sessions;
const browsers = {
  firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  chrome:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
};

/** Somebody who is signed in on two devices. */
async function owner(): Promise<{ email: string; cookies: Cookies; other: Cookies }> {
  const answer = await registerUser(client, {}, { 'User-Agent': browsers.firefox });
  const { email } = answer;
  const headers = { ...freshClient(), 'User-Agent': browsers.chrome };
  const second = await client.post('/api/auth/login', { email, password }, { headers });
  return { email, cookies: authCookies(answer), other: authCookies(second) };
}

const shown = async (cookies: Cookies) => sectionOf(await client.get(path, { cookies }), 'sessions')!;

const send = (action: string, cookies: Cookies, id?: string): Promise<Answer> =>
  press(client, path, { section: 'sessions', action, ...(id !== undefined && { id }) }, cookies);

/** The entries of the list: what they say, and the id that their button posts. */
function devicesOf(section: Answer): { words: string; id: string }[] {
  const entries = [...section.text.matchAll(/<li>(.*?)<\/li>/gs)].map(([, entry = '']) => entry);
  return entries.map((words) => ({ words, id: /name="id" value="([^"]*)"/.exec(words)?.[1] ?? '' }));
}

const isSignedIn = async (cookies: Cookies) => (await client.get('/api/auth/me', { cookies })).status === 200;

/** What the page says to which an answer leads. */
async function noticeAfter(answer: Answer, cookies: Cookies): Promise<string | undefined> {
  const notice = { '__Host-nexora_notice': cookieValue(answer, '__Host-nexora_notice')! };
  return noticeOf(await client.get(answer.headers.get('Location')!, { cookies: { ...cookies, ...notice } }));
}

describe('the section of devices', () => {
  test('lists every device, this one marked, each with a button that names it', async () => {
    const { cookies } = await owner();
    const section = await shown(cookies);
    const devices = devicesOf(section);
    expect(devices).toHaveLength(2);
    const own = devices.find(({ words }) => words.includes('Firefox 140, Linux'))!;
    const other = devices.find(({ words }) => words.includes('Chrome 140, Windows'))!;
    expect(own.words).toContain(`<span class="badge">${text.current}</span>`);
    expect(other.words).not.toContain('badge');
    expect(other.words).toMatch(/aria-label="Sign out Chrome 140, Windows[^"]*"/);
    expect(other.words).toMatch(/10\.\d+\.\d+\.\d+/);
    expect(other.words).toMatch(/Last active [A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d [AP]M UTC</);
    expect(buttonsOf(section)).toEqual([text.signOut, text.signOut, text.others, text.all]);
  });

  test('of one device alone offers nothing about others', async () => {
    const cookies = authCookies(await registerUser(client));
    expect(buttonsOf(await shown(cookies))).toEqual([text.signOut, text.all]);
  });

  const { signed_out, signed_out_device, signed_out_others } = en.flashes;

  test.each<[action: string, browser: string | null, left: [own: boolean, other: boolean], notice: string]>([
    ['end', 'Chrome', [true, false], signed_out_device],
    ['end', 'Firefox', [false, true], signed_out],
    ['end_others', null, [true, false], signed_out_others],
    ['end_all', null, [false, false], signed_out],
  ])(
    'signs out by %s, of %s, says so, and leads to the sign-in without cookies where this one is',
    async (action, browser, left, notice) => {
      const { cookies, other } = await owner();
      const id = devicesOf(await shown(cookies)).find(
        ({ words }) => browser !== null && words.includes(browser),
      )?.id;
      const answer = await send(action, cookies, id);
      expect(led(answer)).toEqual([303, left[0] ? path : '/login']);
      expect(clearedBy(answer)).toEqual(left[0] ? [] : sessionCookies);
      expect(await noticeAfter(answer, left[0] ? cookies : {})).toBe(notice);
      expect([await isSignedIn(cookies), await isSignedIn(other)]).toEqual(left);
      if (left[0]) expect(devicesOf(await shown(cookies))).toHaveLength(1);
    },
  );

  test('signs nobody else out: the id of somebody else’s is answered as an unknown one (SES-10)', async () => {
    const [mine, theirs] = [await owner(), await owner()];
    for (const { id } of [
      ...devicesOf(await shown(theirs.cookies)),
      { id: crypto.randomUUID() },
      { id: 'x' },
    ]) {
      const answer = await send('end', mine.cookies, id);
      expect([answer.status, answer.setCookies, devicesOf(answer).length]).toEqual([404, [], 2]);
      expect(readMain(answer)).toContain(en.errors.session_not_found);
    }
    expect((await send('end', mine.cookies)).status).toBe(404);
    for (const cookies of [mine.cookies, mine.other, theirs.cookies, theirs.other])
      expect(await isSignedIn(cookies)).toBe(true);
  });
});

describe('/logout', () => {
  test('asks first: a link signs nobody out', async () => {
    const { cookies } = await owner();
    const answer = await client.get('/logout', { cookies });
    expect([answer.status, titleOf(answer), answer.setCookies]).toEqual([200, en.signIn.signOut.title, []]);
    expect(formsOf(answer)).toEqual([{ action: '/logout', fields: {} }]);
    expect(linksOf(answer)).toEqual({ [en.signIn.signOut.stay]: '/account' });
    expect(await isSignedIn(cookies)).toBe(true);
  });

  test('signs this device out and no other, and says so', async () => {
    const { cookies, other } = await owner();
    const answer = await press(client, '/logout', {}, cookies);
    expect([led(answer), clearedBy(answer)]).toEqual([[303, '/login'], sessionCookies]);
    expect(await noticeAfter(answer, {})).toBe(en.flashes.signed_out);
    expect([await isSignedIn(cookies), await isSignedIn(other)]).toEqual([false, true]);
    expect((await client.post('/api/auth/refresh', {}, { cookies })).status).toBe(401);
  });

  test('leads whoever is not signed in to the sign-in as well', async () => {
    expect(led(await press(client, '/logout', {}))).toEqual([303, '/login']);
  });
});
