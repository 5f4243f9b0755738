import { beforeEach, describe, expect, test } from 'vitest';
import { password } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { linksOf } from '../support/shown-page.ts';
import { providerVariables } from '../support/social.ts';
import { expectPage } from './expect-page.ts';
import { cookiesOf, hostedExample, hostedForm, hostedPages } from './hosted-page-table.ts';
import { insertAccount } from './insert-account.ts';
import { formPages, insertForm, linkTo } from './page-table.ts';
import { recordLog } from './recorded-log.ts';

const variables = providerVariables();
const hosted = new TestClient(variables);
const client = new TestClient({ ...variables, HOSTED_PAGES: 'false' });
const account = await insertAccount(client);
beforeEach(() => void recordLog());

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];

/** An answer without what differs between two requests. */
function comparable({ status, headers, text }: Answer): unknown {
  const own = ['x-request-id', 'server-timing'];
  return {
    status,
    headers: [...headers].filter(([name]) => !own.includes(name)),
    text: text.replace(headers.get('X-Request-Id') ?? '', ''),
  };
}

describe.each(hostedPages)('%s with HOSTED_PAGES=false', (path) => {
  test('is answered like an unknown path, by every method and to everybody (LOG-09)', async () => {
    const cookies = cookiesOf(hostedExample(path).visitor, account);
    const [name = ''] = Object.keys(hostedExample(path).forms);
    const form = hostedForm(path, name).fields(account);
    for (const method of methods)
      for (const headers of [{}, { Origin: 'https://auth.test' }, { Origin: 'https://evil.example' }]) {
        const options = { cookies, headers, ...(method === 'POST' && { form }) };
        const [answer, unknown] = [
          await client.call(method, path, options),
          await client.call(method, '/nothing', options),
        ];
        expect(unknown.status).toBe(404);
        expect(comparable(answer), method).toEqual(comparable(unknown));
        expect(answer.headers.get('Allow'), method).toBeNull();
        expect(answer.headers.get('RateLimit'), method).toBeNull();
        expect([answer.roundTrips, answer.setCookies], method).toEqual([0, []]);
      }
  });
});

test('a hidden page counts against no budget', async () => {
  const limited = new TestClient({ ...variables, HOSTED_PAGES: 'false', RATE_LIMIT_PER_MINUTE: '1' });
  for (const path of hostedPages) {
    expect((await limited.get(path)).status).toBe(404);
    expect((await limited.submit(path, {})).status).toBe(404);
  }
  expect((await limited.post('/api/auth/login', {})).status).toBe(400);
});

/** Clients, and where a page of a link ends for them. */
const ends = [
  [client, {}],
  ...['https://app.test/welcome', '/app'].map(
    (home) =>
      [
        new TestClient({ ...variables, HOSTED_PAGES: 'false', DEFAULT_REDIRECT_URL: home }),
        { Continue: home },
      ] as const,
  ),
  [hosted, { Continue: '/' }],
] as const;

describe.each(formPages)('%s with HOSTED_PAGES=false', (path) => {
  test('is there, says nothing of pages that are not, and ends where the operator says', async () => {
    for (const [by, links] of ends) {
      const form = await insertForm(by, path);
      const shown = await by.get(linkTo(path, form.token));
      expectPage(shown, 200);
      if (by !== hosted) expect(shown.text).not.toContain('/language');
      expect(linksOf(shown)).toEqual({});
      const done = await by.submit(path, form);
      expectPage(done, 200);
      expect(linksOf(done)).toEqual(links);
      if (by === client) expect(done.text).not.toMatch(/href="\/(?!\/)/);
      for (const hiddenPage of hostedPages.filter((page) => page.length > 1))
        if (by !== hosted) expect(done.text, hiddenPage).not.toContain(`"${hiddenPage}"`);
    }
  });

  test('is incomplete without its token, with the same way on', async () => {
    const answer = await client.get(path);
    expectPage(answer, 400);
    expect(linksOf(answer)).toEqual({});
    expect(linksOf(await hosted.get(path))).toEqual({ Continue: '/' });
  });
});

describe('the API with HOSTED_PAGES=false', () => {
  test('is what it is', async () => {
    const answer = await client.post('/api/auth/login', { email: account.email, password });
    expect(answer.status, answer.text).toBe(200);
    expect((await client.get('/api/auth/me', { bearer: answer.json.accessToken })).status).toBe(200);
  });
});
