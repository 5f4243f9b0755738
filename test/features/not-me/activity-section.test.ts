import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { logIn, registerUser } from '../../support/accounts.ts';
import { authCookies, cookieValue, TestClient } from '../../support/client.ts';
import { databaseUrl, openDatabase } from '../../support/database.ts';
import { type Cookies, led, press, sectionOf } from '../../support/hosted-pages.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { formsOf, linksOf, noticeOf, readMain, titleOf } from '../../support/shown-page.ts';

const path = '/account/security';
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const languages = Object.entries(pageLanguages);
const en = pageLanguages.en!;

async function owner() {
  const answer = await registerUser(client);
  return { email: answer.email, userId: answer.json.user.id as string, cookies: authCookies(answer) };
}

async function shown(cookies: Cookies, query = '', headers = {}) {
  return sectionOf(await client.get(path + query, { cookies, headers }), 'activity')!;
}

const disownLinks = async (cookies: Cookies) =>
  [...(await shown(cookies)).text.matchAll(/href="(\/account\/not-me\?event=[^"]*)"/g)].map(
    ([, href]) => href!,
  );

const titlesOf = ({ text }: { readonly text: string }) =>
  [...text.matchAll(/<li><div><p><strong>([^<]*)</g)].map(([, title]) => title);

/** Records so many events of a kind, the newest of them now. */
function record(userId: string, type: string, reason: string | null, times = 1): Promise<unknown> {
  return openDatabase(databaseUrl()).query(sql`
    INSERT INTO security_events (id, type, outcome, reason, user_id, request_id, operation_id, at)
    SELECT gen_random_uuid(), ${type}, 'success', ${reason}::text, ${userId}::uuid, gen_random_uuid(), gen_random_uuid(),
      now() - make_interval(secs => n) FROM generate_series(0, ${times}::int - 1) n`);
}

describe('the section of the activity', () => {
  test('tells a sign-up in plain words, with time, place and device', async () => {
    const answer = await registerUser(
      client,
      {},
      {
        'CF-Connecting-IP': '203.0.113.77',
        'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      },
    );
    const section = await shown(authCookies(answer));
    expect(titlesOf(section)).toEqual([en.security.events.user_created]);
    expect(section.text).toContain('203.0.113.77 · Firefox 140, Linux');
    expect(section.text).toMatch(/[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d [AP]M UTC</);
  });

  test.each([
    ['user_updated', 'email_changed'],
    ['user_updated', 'a reason that nobody knows'],
    ['authn_token_revoked', 'session_cap'],
    ['authz_admin', 'two_factor_reset'],
    ['authn_of_tomorrow', null],
  ])('has a name for each kind of event in each language: %s %s', async (type, reason) => {
    const { userId, cookies } = await owner();
    await record(userId, type, reason);
    for (const [tag, { security }] of languages) {
      const [newest] = titlesOf(await shown(cookies, '', { 'Accept-Language': tag }));
      const words: Readonly<Record<string, string>> = security.events;
      expect(newest).toBe(words[`${type}:${reason}`] ?? words[type] ?? security.events.otherwise);
    }
  });

  test('marks a failure', async () => {
    const { email, cookies } = await owner();
    await client.post('/api/auth/login', { email, password: 'a guess of a stranger' });
    const section = await shown(cookies);
    expect(titlesOf(section)[0]).toBe(en.security.events['authn_login_fail:wrong_password']);
    expect(section.text).toContain(`<span class="badge warn">${en.security.activity.failed}</span>`);
  });

  test('leads to older events and back, and takes a cursor that is none for the newest', async () => {
    const { userId, cookies } = await owner();
    await record(userId, 'user_updated', 'unlocked', 60);
    const first = await shown(cookies);
    const older = linksOf(first)[en.security.activity.older]!;
    expect(older).toMatch(/^\/account\/security\?cursor=[\w%.-]+#activity$/);
    expect(linksOf(first)[en.security.activity.newest]).toBeUndefined();
    const second = await shown(cookies, older.slice(path.length).split('#')[0]);
    expect(titlesOf(second).length).toBeGreaterThan(0);
    expect(linksOf(second)[en.security.activity.newest]).toBe('/account/security#activity');
    const wrong = await client.get(`${path}?cursor=%3Cb%3Eevil`, { cookies });
    expect(wrong.status).toBeLessThan(500);
    expect(wrong.text).not.toContain('<b>evil');
  });
});

describe('“This was not me”', () => {
  test('stands beside what happened in the last seven days, and asks before it acts', async () => {
    const { userId, cookies } = await owner();
    await record(userId, 'user_updated', 'unlocked', 2);
    expect(await disownLinks(cookies)).toHaveLength(3);
    await openDatabase(databaseUrl()).query(sql`
      UPDATE security_events SET at = at - interval '8 days' WHERE user_id = ${userId}::uuid AND type = 'user_created'`);
    const left = await disownLinks(cookies);
    expect(left).toHaveLength(2);
    const asked = await client.get(left[0]!, { cookies });
    expect([asked.status, titleOf(asked)]).toEqual([200, en.security.notMe.title]);
    expect(titlesOf(asked)).toEqual([en.security.events['user_updated:unlocked']]);
  });

  test('signs the others out, mails the link, and says what that does', async () => {
    const { email, cookies } = await owner();
    const other = authCookies(await logIn(client, email));
    const asked = await client.get((await disownLinks(cookies))[0]!, { cookies });
    for (const sentence of en.security.notMe.consequences(email)) expect(readMain(asked)).toContain(sentence);
    const [form] = formsOf(asked);
    expect((await client.get('/api/auth/me', { cookies: other })).status).toBe(200);
    const answer = await press(client, form!.action, form!.fields, cookies);
    expect(led(answer)).toEqual([303, '/account/security#activity']);
    expect((await client.get('/api/auth/me', { cookies: other })).status).toBe(401);
    expect(await tokenFrom(client, email, 'activity_disowned')).toMatch(/^nxn_/);
    const notice = { '__Host-nexora_notice': cookieValue(answer, '__Host-nexora_notice')! };
    const next = await client.get(path, { cookies: { ...cookies, ...notice } });
    expect([next.status, noticeOf(next)]).toEqual([200, en.flashes.not_me]);
  });

  test.each(['', '?event=x', `?event=${crypto.randomUUID()}`])(
    'leads back to the activity where the address names no event of the account: %s',
    async (query) => {
      const { cookies } = await owner();
      expect(led(await client.get(`/account/not-me${query}`, { cookies }))).toEqual([
        303,
        '/account/security#activity',
      ]);
    },
  );

  test('says of an event that is not there that there is none', async () => {
    const { email, cookies } = await owner();
    const other = authCookies(await logIn(client, email));
    const answer = await press(client, '/account/not-me', { eventId: crypto.randomUUID() }, cookies);
    expect(answer.status).toBe(404);
    expect(readMain(answer)).toContain(en.errors.event_not_found);
    expect((await client.get('/api/auth/me', { cookies: other })).status).toBe(200);
  });
});
