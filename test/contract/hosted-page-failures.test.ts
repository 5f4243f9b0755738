import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pageTexts as en } from '../../src/languages/en/pages.ts';
import { TestClient } from '../support/client.ts';
import { type FaultPlan, faultyEndpoint } from '../support/database.ts';
import { alertOf, formsOf } from '../support/shown-page.ts';
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
// Nothing here changes it.
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

  test('of one account hold on the page as well (LIM-01)', async () => {
    const strict = new TestClient({ ...variables, LOGIN_ATTEMPTS_MAX: '1' });
    const wrong = { email: account.email, password: 'wrong password' };
    const answers = [await strict.submit('/login', wrong), await strict.submit('/login', wrong)];
    expect(answers.map(({ status }) => status)).toEqual([401, 429]);
    expect(answers.map((answer) => alertOf(answer))).toEqual([
      en.errors.invalid_credentials,
      en.errors.too_many_attempts,
    ]);
    expect(answers[1]!.headers.has('Retry-After')).toBe(true);
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
