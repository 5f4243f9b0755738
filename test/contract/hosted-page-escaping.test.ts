import { beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { pageTexts as en } from '../../src/languages/en/pages.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { openDatabase } from '../support/database.ts';
import { decoded, noticeOf } from '../support/shown-page.ts';
import { providerVariables } from '../support/social.ts';
import { attributes, expectPage } from './expect-page.ts';
import {
  cookiesOf,
  holderPages,
  hostedExample,
  hostedForm,
  hostedForms,
  hostedPages,
  insertSender,
  senderOf,
} from './hosted-page-table.ts';
import { insertAccount } from './insert-account.ts';
import { formPages } from './page-table.ts';
import { recordLog } from './recorded-log.ts';
import { isTriedInFull } from './route-choice.ts';

const client = new TestClient(providerVariables());
// For what changes nothing of it.
const account = await insertAccount(client);
beforeEach(() => void recordLog());

/** Each of them says `evil` where it comes through, in the markup or in what people read. */
const payloads: readonly string[] = [
  '"><script>evil()</script>',
  "'><img src=x onerror=evil()>",
  '</title><svg/onload=evil()>',
  '" autofocus onfocus="evil()',
  "' onmouseover='evil()",
  '</form><form action="https://evil.example">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example">',
  '<base href="https://evil.example/">',
  '<a href="https://evil.example">Sign in here</a>',
  '<!--><evil>',
  '<![CDATA[<evil>]]>',
  '&lt;script&gt;evil()&lt;/script&gt;',
  '&#60;script&#62;evil()&#60;/script&#62;',
  '{{evil}}<%= evil %>',
  'javascript:evil()',
  'https://evil.example/reset',
  'Your account is locked. Call evil, 555 0100.',
  '/"><script>evil()</script>',
  '\u2028evil\u202egpj.exe',
  '__proto__.evil',
];

/** One of each kind, for the pages that are no models: markup, an attribute, what was escaped already, two addresses, words. */
const tellingPayloads = payloads.filter((payload) =>
  ['"><script>evil()</script>', "' onmouseover", '&lt;', 'javascript:', 'https:', 'Your account'].some(
    (start) => payload.startsWith(start),
  ),
);

function payloadsFor(path: string): readonly string[] {
  return isTriedInFull(path) ? payloads : tellingPayloads;
}

/** Parameters that some page reads, and names that one could read. */
const parameters = [
  ...['redirectTo', 'returnTo', 'error', 'form', 'way', 'cursor', 'token', 'section', 'action'],
  ...['email', 'name', 'message', 'notice', 'title', 'lang', 'provider', 'error_description', '__proto__'],
];

/** What people read: the text, and the attributes that are read to them. */
function readable({ text }: Answer): string {
  const shown = text.replace(/<(script|style)\b[^>]*>[^<]*<\/\1>/g, '');
  const told = ['alt', 'title', 'aria-label', 'placeholder'].flatMap((name) => attributes(shown, name));
  return decoded([shown.replace(/<[^>]*>/g, ' '), ...told].join(' '));
}

/** That nothing of the payloads is markup, is read by anybody, or is followed by anybody out of this service. */
function expectHarmless(answer: Answer, sent: Iterable<string>, context: string): void {
  expect(answer.text, context).not.toMatch(
    /<script>evil|<img src=x|<svg\/|<evil|<base|<a href="https:\/\/evil/i,
  );
  expect(answer.text, context).not.toMatch(/<[^>"]*(?:"[^"]*"[^>"]*)*\son\w+=/i);
  for (const payload of sent) if (/[<>"]/.test(payload)) expect(answer.text, context).not.toContain(payload);
  for (const name of ['href', 'src', 'action', 'content', 'formaction'])
    for (const value of attributes(answer.text, name))
      if (decoded(value).includes('evil')) expect(decoded(value), context).toMatch(/^\/(?![/\\])/);
  expect(readable(answer), context).not.toContain('evil');
}

/**
 * Addresses of a page: each parameter alone, since one may end a request before another is read, and then all in one,
 * until each of them has had each payload.
 */
function searchesOf(path: string): URLSearchParams[] {
  const all = payloadsFor(path);
  return [
    ...parameters.map((name, n) => new URLSearchParams({ [name]: payloads[n % payloads.length] ?? '' })),
    ...all.map(
      (_, round) =>
        new URLSearchParams(parameters.map((name, n) => [name, all[(n + round) % all.length] ?? ''])),
    ),
  ];
}

describe.each(hostedPages)('%s', (path) => {
  test('says nothing of its address and leads nowhere that it says, whoever looks (HDR-04)', async () => {
    for (const kind of new Set(['nobody', hostedExample(path).visitor] as const))
      for (const search of searchesOf(path)) {
        const context = `${kind} ${search}`;
        const answer = await client.get(`${path}?${search}`, { cookies: cookiesOf(kind, account) });
        expect(answer.status, context).toBeLessThan(500);
        const location = answer.headers.get('Location') ?? '/';
        expect(new URL(location, 'https://auth.test').origin, context).toBe('https://auth.test');
        if (answer.status === 303) continue;
        expectHarmless(answer, search.values(), context);
      }
  });

  test('says nothing of its path (HDR-04)', async () => {
    for (const payload of payloadsFor(path)) {
      const answer = await client.get(`${path}/${encodeURIComponent(payload)}`);
      expect(answer.status).toBe(404);
      // To which the choice of a language returns.
      const returnTo = / name="returnTo" value="\/[^"]*"/;
      expect(answer.text.replace(returnTo, '')).not.toContain('evil');
    }
  });

  test('says nothing of a cookie that it reads, but for the names that it knows (HDR-04)', async () => {
    if (hostedExample(path).shown.status !== 200) return;
    const names = ['notice', 'language', 'held_form', 'device', 'trusted', 'challenge'];
    const values = ['<script>evil()</script>', 'evil', '__proto__', 'constructor', 'toString', '%', '"'];
    // All of them at once, until each has had each value.
    for (const round of values.keys()) {
      const brought = names.map((name, n) => [
        `__Host-nexora_${name}`,
        values[(n + round) % values.length] ?? '',
      ]);
      const own = cookiesOf(hostedExample(path).visitor, account);
      const answer = await client.get(path, { cookies: { ...Object.fromEntries(brought), ...own } });
      const context = JSON.stringify(brought);
      expectPage(answer, 200, context);
      expect(answer.text, context).not.toMatch(/evil|function |\[object|native code/);
      expect(noticeOf(answer), context).toBeUndefined();
    }
  });
});

describe('what was done just now', () => {
  test('is told once, in the words of the service, by a cookie that no link can set', async () => {
    const cookies = { ...account.cookies, '__Host-nexora_notice': 'profile_saved' };
    const answer = await client.get('/account', { cookies });
    expectPage(answer, 200);
    expect(noticeOf(answer)).toBe(en.flashes.profile_saved);
    expect(answer.setCookies).toEqual([expect.stringMatching(/^__Host-nexora_notice=;.*Max-Age=0/)]);
    for (const name of ['notice', '__Host-nexora_notice']) {
      const byAddress = await client.get(`/account?${name}=profile_saved`, { cookies: account.cookies });
      expect(noticeOf(byAddress)).toBeUndefined();
    }
  });
});

describe('a field that is shown again', () => {
  const shownAgain = hostedForms.flatMap(([path, name]) => {
    const { shownAgain: field } = hostedForm(path, name);
    return field === undefined ? [] : [[path, name, field] as const];
  });

  test.each(shownAgain)(
    '%s, %s: the field %s is escaped, and no password is shown (HDR-04)',
    async (path, name, field) => {
      const { fields, visitor = hostedExample(path).visitor } = hostedForm(path, name);
      for (const payload of payloadsFor(path)) {
        const secret = 'a secret that was typed';
        const typed = { ...fields(account), [field]: payload };
        const passwords = Object.fromEntries(
          Object.keys(typed)
            .filter((key) => /password/i.test(key))
            .map((key) => [key, secret]),
        );
        // A further field makes sure that it is refused.
        const form = { ...typed, ...passwords, x: 'y' };
        const answer = await client.submit(path, form, { cookies: cookiesOf(visitor, account) });
        expectPage(answer, 400, payload);
        expectHarmless(answer, [payload], payload);
        expect(attributes(answer.text, 'value').map(decoded), payload).toContain(payload);
        expect(answer.text, payload).not.toContain(secret);
      }
    },
  );

  test.each(hostedForms)('%s, %s: no other field comes through (HDR-04)', async (path, name) => {
    const sender = await insertSender(client, [path, name]);
    for (const payload of payloads.slice(0, isTriedInFull(path) ? 6 : 2)) {
      const typed = hostedForm(path, name).fields(sender);
      const kept = ['section', 'action'];
      const evil = Object.fromEntries(
        Object.entries(typed).map(([key, value]) => [key, kept.includes(key) ? value : payload]),
      );
      const form = { ...evil, [payload]: payload, redirectTo: payload, returnTo: payload };
      const cookies = cookiesOf(senderOf([path, name]), sender);
      const answer = await client.submit(path, form, { cookies });
      expect(answer.status, payload).toBeLessThan(500);
      const location = answer.headers.get('Location') ?? '/';
      expect(new URL(location, 'https://auth.test').origin, payload).toBe('https://auth.test');
      if (!answer.headers.get('Content-Type')?.startsWith('text/html')) continue;
      expectHarmless(answer, [payload], payload);
    }
  });
});

describe('what is stored of people', () => {
  test('is escaped on every page of the account: names, addresses and devices (HDR-04)', async () => {
    const name = `"><script>evil()</script>'&`;
    const { userId, cookies } = (await insertAccount(client, ({ social }) => social)).social;
    await openDatabase().batch([
      sql`UPDATE users SET name = ${name}, email = ${`<i>'&"${userId}@example.com`} WHERE id = ${userId}::uuid`,
      sql`UPDATE identities SET email = ${`<u>'&"@example.com`} WHERE user_id = ${userId}::uuid`,
      sql`UPDATE sessions SET user_agent = ${`<b>evil</b>`} WHERE user_id = ${userId}::uuid`,
    ]);
    for (const path of holderPages) {
      const answer = await client.get(path, { cookies });
      if (answer.status !== 200) continue;
      expectPage(answer, 200, path);
      expect(answer.text, path).not.toMatch(/<script>evil|<i>|<u>|<b>/);
    }
    const page = await client.get('/account', { cookies });
    expect(readable(page)).toContain(name);
    expect(readable(page)).toContain(`<u>'&"@example.com`);
  });

  test('is escaped where a provider is called like this (HDR-04)', async () => {
    const [first] = JSON.parse(providerVariables().OIDC_PROVIDERS ?? '[]') as [object];
    const named = new TestClient({
      ...providerVariables([{ ...first, name: '<b>"evil & co"</b>' }]),
    });
    for (const [path, kind] of [
      ['/login', 'nobody'],
      ['/register', 'nobody'],
      ['/account', 'social'],
    ] as const) {
      const answer = await named.get(path, { cookies: cookiesOf(kind, account) });
      expectPage(answer, 200, path);
      expect(answer.text, path).not.toContain('<b>');
      expect(readable(answer), path).toContain('<b>"evil & co"</b>');
    }
  });

  test('is escaped in what the operator calls the service (HDR-04)', async () => {
    const named = new TestClient({
      BRAND_NAME: '</title><script>evil()</script>',
      BRAND_TERMS_URL: 'https://terms.test/?a="><script>evil()</script>',
    });
    for (const path of ['/login', '/register', ...formPages.map((page) => `${page}?token=x`)]) {
      const answer = await named.get(path);
      expectPage(answer, 200, path);
      expect(answer.text, path).not.toContain('<script>evil');
    }
  });
});
