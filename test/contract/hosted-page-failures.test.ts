import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pageTexts as en } from '../../src/languages/en/pages.ts';
import { otherPassword, password } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { type FaultPlan, faultyEndpoint } from '../support/database.ts';
import { inputOf, withoutDatabase } from '../support/hosted-pages.ts';
import { alertOf, buttonsOf, decoded, formsOf } from '../support/shown-page.ts';
import { providerVariables } from '../support/social.ts';
import { databaseState } from './database-state.ts';
import { expectPage } from './expect-page.ts';
import {
  cookiesOf,
  hostedExample,
  hostedForm,
  hostedForms,
  hostedPages,
  hostedRoutes,
  submitForm,
} from './hosted-page-table.ts';
import { insertAccount } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { isTriedInFull } from './route-choice.ts';

const variables = providerVariables();
const client = new TestClient(variables);
const misconfigured = new TestClient({ ...variables, AUTH_SECRET: 'short' });
// Nothing here changes more of it than its name.
const account = await insertAccount(client);
beforeEach(() => void recordLog());

const nonsense: FaultPlan = { always: 'garbage' };

// Whatever is sent is kept from the database, so that nothing of it is done.
const faults: [what: string, status: number, plan: FaultPlan][] = [
  ['that refuses', 503, { always: 'refuse' }],
  ['that answers nonsense', 503, nonsense],
  ['that finds an error', 500, { always: { sqlstate: '22P02' } }],
];

describe.each(faults)('with a database %s', (_what, status, plan) => {
  let broken: TestClient;
  beforeAll(async () => {
    const { endpoint } = await faultyEndpoint(plan);
    broken = new TestClient({ ...variables, DATABASE_HTTP_ENDPOINT: endpoint });
  });

  // That an answer is nonsense and that there is none are one failure to a page.
  const isLostToo = (path: string) => isTriedInFull(path) || plan !== nonsense;

  test.each(hostedPages.filter((path) => hostedExample(path).shown.roundTrips > 0 && isLostToo(path)))(
    '%s says so (DBF-01)',
    async (path) => {
      const { visitor } = hostedExample(path);
      const answer = await broken.get(path, { cookies: cookiesOf(visitor, account) });
      expectPage(answer, status);
      expect(answer.headers.has('Retry-After')).toBe(status === 503);
      expect(answer.setCookies).toEqual([]);
    },
  );

  test.each(hostedForms.filter((form) => hostedForm(...form).roundTrips > 0 && isLostToo(form[0])))(
    '%s: the form %s says so, and is told nothing else (DBF-01, ENU-09)',
    async (path, name) => {
      const answer = await submitForm(broken, [path, name], account);
      expectPage(answer, status);
      expect(answer.headers.has('Retry-After')).toBe(status === 503);
      expect(answer.setCookies).toEqual([]);
      const { errors } = en;
      const sentence = status === 503 ? errors.service_unavailable : errors.internal_error;
      expect(alertOf(answer)?.replace(/ Reference: .*$/, '')).toBe(sentence);
      // By which the log has it.
      if (status === 500) expect(answer.text).toContain(`Reference: ${answer.headers.get('X-Request-Id')}`);
    },
  );

  const keeping = hostedForms.filter(
    (form) => hostedForm(...form).shownAgain !== undefined && hostedExample(form[0]).visitor === 'nobody',
  );

  test.each(keeping)(
    '%s: the form %s is shown again with what was typed, but for a password',
    async (path, name) => {
      const { fields, shownAgain = '' } = hostedForm(path, name);
      const typed = fields(account);
      const answer = await broken.submit(path, typed);
      const [form] = formsOf(answer);
      expect([form?.action, form?.fields[shownAgain]]).toEqual([path, typed[shownAgain]]);
      for (const field of ['password', 'confirmPassword'])
        if (typed[field] !== undefined) expect(form?.fields[field]).toBe('');
      // It is good once the database is there again.
      expect((await client.submit(path, typed)).status).toBe(hostedForm(path, name).status);
    },
  );
});

test.each(hostedPages)('%s says that the service is not set up, and does nothing', async (path) => {
  const [name = ''] = Object.keys(hostedExample(path).forms);
  for (const answer of [
    await misconfigured.get(path, { cookies: account.cookies }),
    await submitForm(misconfigured, [path, name], account),
  ]) {
    expectPage(answer, 503);
    expect(alertOf(answer)).toBe(en.errors.misconfigured);
    expect([answer.setCookies, answer.roundTrips]).toEqual([[], 0]);
  }
});

describe('the limits of the hosted pages', () => {
  const address = { 'CF-Connecting-IP': '203.0.113.7' };
  const minute = 60_000;

  test.each(hostedRoutes.map(({ method, path }) => [method, path] as const))(
    '%s %s is limited for its class, and tells it in words (LIM-01, LIM-08)',
    async (method, path) => {
      const now = Math.ceil(Date.now() / minute) * minute + minute / 4;
      const limited = new TestClient({ ...variables, RATE_LIMIT_PER_MINUTE: '1' }, { now: () => now });
      const [name, quota] = method === 'POST' ? ['credential', 1] : ['general', 10];
      const call = () =>
        method === 'POST'
          ? limited.submit(path, {}, { headers: address })
          : limited.get(path, { headers: address });
      for (let index = 1; index <= quota; index++) {
        const answer = await call();
        expect(answer.status).not.toBe(429);
        expect(answer.headers.get('RateLimit')).toBe(`"${name}";r=${quota - index};t=45`);
      }
      const refused = await call();
      expectPage(refused, 429);
      expect(alertOf(refused)).toBe(en.errors.rate_limited);
      expect(refused.headers.get('RateLimit-Policy')).toBe(`"${name}";q=${quota};w=60`);
      expect(refused.headers.get('Retry-After')).toBe('45');
      expect([refused.roundTrips, refused.setCookies]).toEqual([0, []]);
    },
  );

  test('are shared with the routes of the API: a page is no second way to guess a password (LIM-07)', async () => {
    const limited = new TestClient({ ...variables, RATE_LIMIT_PER_MINUTE: '2' });
    for (let index = 0; index < 2; index++) await limited.post('/api/auth/login', {}, { headers: address });
    const { fields } = hostedForm('/login', 'sign in');
    const answer = await limited.submit('/login', fields(account), { headers: address });
    expectPage(answer, 429);
    expect([answer.hashes, answer.setCookies]).toEqual([0, []]);
  });
});

test('a form of the account that no section takes is answered by a page with 400, and changes nothing (INP-02)', async () => {
  const forms: [path: string, form: Record<string, string>][] = [
    ['/account', {}],
    ['/account', { section: 'nothing' }],
    // The name of a member of every object.
    ['/account', { section: '__proto__' }],
    // A section of another page.
    ['/account/sessions', { section: 'profile', action: 'save', name: 'Ada' }],
    // A section without a form.
    ['/account', { section: 'deletion', action: 'delete' }],
    ['/account/sessions', { section: 'sessions' }],
    ['/account/sessions', { section: 'sessions', action: 'end_some' }],
    ['/account/security', { section: 'two-factor', action: 'reset' }],
    ['/account', { section: 'identities', action: 'toString' }],
  ];
  const before = await databaseState();
  for (const [path, form] of forms) {
    const answer = await client.submit(path, form, { cookies: account.cookies });
    expectPage(answer, 400, JSON.stringify(form));
    expect(answer.setCookies).toEqual([]);
  }
  expect(await databaseState()).toBe(before);
});

describe('what was typed', () => {
  const long = 'x'.repeat(15_000);

  test.each<[path: string, field: string, form: Readonly<Record<string, string>>, kind: 'nobody' | 'holder']>(
    [
      ['/login', 'email', {}, 'nobody'],
      ['/register', 'email', {}, 'nobody'],
      ['/register', 'name', {}, 'nobody'],
      ['/forgot-password', 'email', {}, 'nobody'],
      ['/check-your-mail', 'email', {}, 'nobody'],
      ['/account', 'name', { section: 'profile', action: 'save' }, 'holder'],
      ['/account', 'newEmail', { section: 'email', action: 'change' }, 'holder'],
    ],
  )('is shown again at %s in %s by its first 320 characters', async (path, field, form, kind) => {
    const cookies = cookiesOf(kind, account);
    const answer = await client.submit(path, { ...form, [field]: long }, { cookies });
    expectPage(answer, 400);
    expect(/ value="([^"]*)"/.exec(inputOf(answer, field) ?? '')?.[1]).toBe(long.slice(0, 320));
    const withoutStyle = answer.text.replace(/<style\b.*?<\/style>/gs, '');
    expect(new TextEncoder().encode(withoutStyle).length).toBeLessThan(20 * 1024);
    expect(answer.text).not.toContain('x'.repeat(321));
  });

  test('is shown again as it is where no field holds more', async () => {
    const email = `${'x'.repeat(200)}@example.com`;
    const answer = await client.submit('/login', { email, password });
    expect(inputOf(answer, 'email')).toContain(`value="${email}"`);
  });
});

describe('a form of the account while the database is out of reach', () => {
  async function refused(form: Readonly<Record<string, string>>): Promise<Answer> {
    const down = await withoutDatabase();
    const answer = await down.submit('/account', form, { cookies: account.cookies });
    expectPage(answer, 503);
    expect(alertOf(answer)).toBe(en.errors.service_unavailable);
    expect(buttonsOf(answer)).toEqual([en.errorPage.again]);
    return answer;
  }

  test('can be sent once more, with what was typed', async () => {
    const form = { section: 'profile', action: 'save', name: `Ada "L" & O'B` };
    const [again] = formsOf(await refused(form));
    expect(again).toEqual({ action: '/account', fields: form });
    const { cookies } = account;
    expect((await client.submit(again!.action, again!.fields, { cookies })).status).toBe(303);
    const me = await client.get('/api/auth/me', { cookies });
    expect(me.json.user.name).toBe(form.name);
  });

  test('shows no password again', async () => {
    const form = { section: 'password', action: 'change', currentPassword: password };
    const typed = { newPassword: otherPassword, confirmPassword: otherPassword };
    const answer = await refused({ ...form, ...typed });
    expect(formsOf(answer)[0]?.fields).toEqual({ section: 'password', action: 'change' });
    for (const one of [password, otherPassword]) expect(answer.text).not.toContain(one);
  });
});

describe('the choice of a language after a form was refused', () => {
  const redirectTo = 'https://app.test/inbox?a=b';

  /** Where it leads back to. */
  function returnToOf({ text }: Answer): URL {
    const value = /<footer>.*?<input type="hidden" name="returnTo" value="([^"]*)"/.exec(text)?.[1] ?? '';
    return new URL(decoded(value), 'https://auth.test');
  }

  test.each(['/login', '/register'])('leads back to %s with its target', async (path) => {
    const answer = await client.submit(path, { email: account.email, redirectTo });
    expect(answer.status).toBe(400);
    const { pathname, searchParams } = returnToOf(answer);
    expect([pathname, [...searchParams]]).toEqual([path, [['redirectTo', redirectTo]]]);
  });

  test('leads back to the page of a link with its token', async () => {
    const { verify_email: token } = account.links;
    const answer = await client.submit('/auth/verify-email', { token, password: otherPassword });
    expect(answer.status, answer.text).toBe(400);
    const { pathname, searchParams } = returnToOf(answer);
    expect([pathname, [...searchParams]]).toEqual(['/auth/verify-email', [['token', token]]]);
  });

  test.each([
    ['backupCode', 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA', [['way', 'backup']]],
    ['code', '000000', []],
  ])('leads back to the second step by its way, with a %s', async (field, value, way) => {
    const cookies = cookiesOf('challenged', account);
    const answer = await client.submit('/login/two-factor', { redirectTo, [field]: value }, { cookies });
    expect(answer.status, answer.text).toBe(401);
    const { pathname, search, searchParams } = returnToOf(answer);
    expect([pathname, [...searchParams]]).toEqual([
      '/login/two-factor',
      [...way, ['redirectTo', redirectTo]],
    ]);
    const next = await client.get(pathname + search, { cookies });
    expect(inputOf(next, field)).toBeDefined();
  });
});
