import { beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { sql } from '../../../src/db/sql.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import { insertAccount } from '../../contract/insert-account.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { type Account, exampleCall, exampleOf, registeredRoutes } from '../../contract/route-table.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import { adminSecret, baseUrl, cronSecret } from '../../support/test-env.ts';

const cleanUpPath = '/api/admin/cleanup-sessions';
const guards = new Map(createApp().serves.map(({ method, path, guard }) => [`${method} ${path}`, guard]));
const operatorRoutes = registeredRoutes.filter((key) =>
  /^(cron|admin|developer)$/.test(guards.get(key) ?? ''),
);
const adminRoutes = registeredRoutes.filter((key) => guards.get(key) === 'admin');

const client = new TestClient();
const production = new TestClient({ ENVIRONMENT: 'production' });
let account: Account;

beforeAll(async () => {
  account = await insertAccount(client);
});

/** The example of a route with this Authorization header alone; undefined for none. */
function present(key: string, header: string | undefined, by = production): Promise<Answer> {
  const [method, path, { bearer: _, ...options }] = exampleCall(key, account);
  return by.call(method, path, {
    ...options,
    ...(header !== undefined && { headers: { Authorization: header } }),
  });
}

/** The secret of a route, and how the service is told it. */
function secretOf(key: string): { variable: string; secret: string } {
  return guards.get(key) === 'cron'
    ? { variable: 'CRON_SECRET', secret: cronSecret }
    : { variable: 'ADMIN_SECRET', secret: adminSecret };
}

const secretRoutes = operatorRoutes.filter((key) => guards.get(key) !== 'developer');

function wrongHeaders(secret: string): [what: string, header: string | undefined][] {
  return [
    ['no header', undefined],
    ['an empty one', ''],
    ['no secret', 'Bearer'],
    ['an empty secret', 'Bearer '],
    ['undefined', 'Bearer undefined'],
    ['null', 'Bearer null'],
    ['a part of it', `Bearer ${secret.slice(0, -1)}`],
    ['more than it', `Bearer ${secret}x`],
    ['it twice', `Bearer ${secret}, Bearer ${secret}`],
    ['another last character', `Bearer ${secret.slice(0, -1)}~`],
    ['another case', `Bearer ${secret.toLowerCase()}`],
    ['10 KiB', `Bearer ${'x'.repeat(10_240)}`],
    ['text beyond ASCII', `Bearer ${'é'.repeat(40)}`],
    ['another scheme', `Basic ${secret}`],
    ['no scheme', secret],
    ['a template', `Bearer $\{CRON_SECRET}`],
  ];
}

describe('every operator route', () => {
  test('is known to this table', () => {
    expect(operatorRoutes).toEqual(registeredRoutes.filter((key) => key.includes(' /api/admin/')));
    expect(operatorRoutes).toHaveLength(6);
  });
});

describe.each(secretRoutes)('%s', (key) => {
  const { variable, secret } = secretOf(key);

  test('is open to its secret, whatever the case of the scheme (CRN-01)', async () => {
    recordLog();
    for (const header of [`Bearer ${secret}`, `bearer ${secret}`, `Bearer   ${secret}`])
      expect((await present(key, header)).status).toBe(exampleOf(key).status);
  });

  test('takes a secret of any printable characters', async () => {
    recordLog();
    const odd = 'pass phrase, with "signs" & =% /\\!~';
    const by = new TestClient({ ENVIRONMENT: 'production', [variable]: odd });
    expect((await present(key, `Bearer ${odd}`, by)).status).toBe(exampleOf(key).status);
    expectProblem(await present(key, `Bearer ${odd}!`, by), 401, 'unauthenticated');
  });

  test.each(wrongHeaders(secret))(
    'is 401 with WWW-Authenticate for %s, before the database (CRN-01, CRN-02, CRN-03)',
    async (_what, header) => {
      recordLog();
      const answer = await present(key, header);
      expectProblem(answer, 401, 'unauthenticated');
      expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
      expect(answer.roundTrips).toBe(0);
    },
  );

  test('takes the secret from nowhere but the header (CRN-01)', async () => {
    const [method, path] = exampleCall(key, account);
    for (const name of ['secret', 'token', 'access_token', variable]) {
      const byQuery = await production.call(method, `${path}?${name}=${secret}`);
      expectProblem(byQuery, 401, 'unauthenticated');
      const byBody = await production.call(method, path, { body: { [name]: secret } });
      expectProblem(byBody, 401, 'unauthenticated');
      const headers = { Cookie: `${name}=${secret}; __Host-nexora_access=${secret}`, Origin: baseUrl };
      expectProblem(await production.call(method, path, { headers }), 401, 'unauthenticated');
    }
  });

  test.each([
    ['31 characters', 'x'.repeat(31)],
    ['blanks around 31', `  ${'x'.repeat(31)}  `],
    ['characters that no header has', 'ü'.repeat(40)],
    ['a line break', `${'x'.repeat(40)}\ny`],
  ])(
    'with a secret of %s is misconfigured, even for who presents it, and says so (CRN-01, T28)',
    async (_what, short) => {
      const lines = recordLog();
      const by = new TestClient({ ENVIRONMENT: 'production', [variable]: short });
      for (const header of ['Bearer x', `Bearer ${'x'.repeat(31)}`, undefined])
        expectProblem(await present(key, header, by), 503, 'misconfigured');
      expect(lines).toHaveLength(3);
      for (const line of lines) {
        expect(JSON.parse(line)).toMatchObject({
          event: 'misconfigured',
          cause: { variables: [variable] },
        });
        expect(line).not.toContain(short.trim());
      }
      // Nothing else is closed by it.
      expect((await by.get('/api/auth/me', { bearer: account.accessToken })).status).toBe(200);
    },
  );

  test('leaves a line of a wrong secret, with who it was and without the secret (LOG-04, LOG-01)', async () => {
    const lines = recordLog();
    const [method, path] = exampleCall(key, account);
    const headers = { Authorization: 'Bearer canary', 'CF-Connecting-IP': '203.0.113.7' };
    const answer = await production.call(method, path, { headers });
    await production.call(method, path);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'warn',
      event: 'operator_secret_refused',
      requestId: answer.json.requestId,
      ipAddress: '203.0.113.7',
      method,
      path,
    });
    expect(lines[0]).not.toContain('canary');
  });

  test('limits guesses, right or wrong: 100 tries end in 429 (CRN-03)', async () => {
    recordLog();
    const by = new TestClient({ ENVIRONMENT: 'production', RATE_LIMIT_PER_MINUTE: '60' }, { now: () => 0 });
    const statuses = [];
    for (let index = 0; index < 100; index++)
      statuses.push((await present(key, `Bearer x${index}`, by)).status);
    expect([statuses.filter((status) => status === 401).length, statuses.at(-1)]).toEqual([60, 429]);
    expectProblem(await present(key, `Bearer ${secret}`, by), 429, 'rate_limited');
  });

  test('is judged by its bearer alone: no page and no cookie helps or harms (CSR-05)', async () => {
    recordLog();
    const [method, path] = exampleCall(key, account);
    for (const Origin of [baseUrl, 'https://app.test', 'https://evil.example', 'null']) {
      const { cookies } = account;
      const right = await production.call(method, path, { cookies, bearer: secret, headers: { Origin } });
      expect(right.status, Origin).toBe(exampleOf(key).status);
      const without = await production.call(method, path, { cookies, headers: { Origin } });
      expectProblem(without, 401, 'unauthenticated');
    }
  });

  test('is judged before its body', async () => {
    const [, path] = exampleCall(key, account);
    const request = new Request(`${baseUrl}${path}`, { method: 'POST', body: 'x'.repeat(100_000) });
    expectProblem(await production.send(request), 401, 'unauthenticated');
    expect(request.bodyUsed).toBe(false);
  });
});

describe.each(operatorRoutes)('%s', (key) => {
  test('is closed to every token of a user, in development too (CRN-06)', async () => {
    recordLog();
    const { accessToken, refreshToken, cookies } = account;
    for (const token of [accessToken, refreshToken, ...Object.values(cookies)])
      expectProblem(await present(key, `Bearer ${token}`, client), 401, 'unauthenticated');
  });

  test('is closed to the secrets of the others (CRN-06)', async () => {
    recordLog();
    const secrets = [cronSecret, adminSecret, String(client.env.AUTH_SECRET)];
    const foreign =
      guards.get(key) === 'developer' ? secrets : secrets.filter((each) => each !== secretOf(key).secret);
    for (const secret of foreign)
      expectProblem(await present(key, `Bearer ${secret}`, client), 401, 'unauthenticated');
  });
});

const userRoutes = registeredRoutes.filter((key) => /^(session|token-holder)$/.test(guards.get(key) ?? ''));

describe.each(userRoutes)('%s', (key) => {
  test('is closed to the secrets of operators (CRN-06)', async () => {
    // By cookie, so that no token of the example stands in the body.
    const [method, path, { body, cookies: own = {} }] = exampleCall(key, account, 'cookie');
    const member = exampleOf(key).credential === 'refresh-token' ? 'refreshToken' : 'challengeToken';
    for (const secret of [cronSecret, adminSecret]) {
      const isSession = guards.get(key) === 'session';
      const cookies = Object.fromEntries(Object.keys(own).map((name) => [name, secret]));
      const presented = isSession
        ? { body, bearer: secret }
        : { body: { ...(body as object), [member]: secret } };
      const answers = [
        await client.call(method, path, presented),
        await client.call(method, path, { body, cookies }),
      ];
      // A logout is 200 whatever it is told; a text that is no token of ours may be one of the legacy system, and is none.
      for (const { status } of answers) expect(status).toBe(key.endsWith('/logout') ? 200 : 401);
    }
    expect((await client.get('/api/auth/me', { bearer: account.accessToken })).status).toBe(200);
  });
});

describe('POST /api/admin/cleanup-sessions without CRON_SECRET', () => {
  const unset = { CRON_SECRET: undefined };

  test('is misconfigured and deletes nothing, whatever is presented; nothing else is affected (CRN-01, T28)', async () => {
    recordLog();
    const id = crypto.randomUUID();
    await query(sql`
      INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at)
      VALUES (${id}::uuid, ${account.userId}::uuid, now() - interval '1 second', now())`);
    const by = new TestClient({ ENVIRONMENT: 'production', ...unset });
    const headers = [
      'Bearer undefined',
      'Bearer null',
      'Bearer ',
      'Bearer',
      '',
      `Bearer ${cronSecret}`,
      undefined,
    ];
    for (const header of headers) {
      const answer = await present(`POST ${cleanUpPath}`, header, by);
      expectProblem(answer, 503, 'misconfigured', String(header));
      expect(answer.roundTrips).toBe(0);
    }
    expectProblem(await by.post(`${cleanUpPath}?secret=undefined`), 503, 'misconfigured');
    const left = await query(sql`SELECT s.id FROM sessions s WHERE s.id = ${id}::uuid`);
    expect(left).toHaveLength(1);
    expect((await by.get('/api/auth/me', { bearer: account.accessToken })).status).toBe(200);
    const [other = ''] = adminRoutes;
    expect((await present(other, `Bearer ${adminSecret}`, by)).status).toBe(exampleOf(other).status);
  });

  test('works in development without a header, and not with any (CRN-01)', async () => {
    recordLog();
    const key = `POST ${cleanUpPath}`;
    expect((await present(key, undefined, new TestClient(unset))).status).toBe(200);
    expect((await present(key, undefined, client)).status).toBe(200);
    expect((await present(key, `Bearer ${cronSecret}`, client)).status).toBe(200);
    expectProblem(await present(key, 'Bearer wrong', client), 401, 'unauthenticated');
    expectProblem(await present(key, '', client), 401, 'unauthenticated');
    expectProblem(await present(key, 'Bearer undefined', new TestClient(unset)), 503, 'misconfigured');
    expectProblem(
      await present(key, 'Bearer x', new TestClient({ CRON_SECRET: 'short' })),
      503,
      'misconfigured',
    );
  });
});

describe('a route that this deployment does not have', () => {
  const bare = new TestClient({ ENVIRONMENT: 'production', ADMIN_SECRET: undefined });
  const hidden = [...adminRoutes, 'POST /api/admin/init-db'];

  /** All of an answer that is not made anew each time. */
  function constant({ status, headers, json }: Answer): unknown {
    const { requestId: _, ...body } = json;
    return [status, body, [...headers].filter(([name]) => name !== 'x-request-id')];
  }

  test.each(hidden)('%s: is answered like an unknown path, by every method, whoever asks', async (key) => {
    const lines = recordLog();
    const [, path] = exampleCall(key, account);
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
      for (const bearer of [undefined, adminSecret, cronSecret, account.accessToken, 'undefined']) {
        const options = bearer === undefined ? {} : { bearer };
        const answer = await bare.call(method, path, options);
        expectProblem(answer, 404, 'not_found');
        expect(constant(answer)).toEqual(constant(await bare.call(method, '/api/admin/unknown', options)));
      }
    }
    expect(lines).toEqual([]);
  });

  test.each(adminRoutes)('%s: is hidden in development too where no secret is set', async (key) => {
    const answer = await present(key, undefined, new TestClient({ ADMIN_SECRET: undefined }));
    expectProblem(answer, 404, 'not_found');
  });
});

describe('POST /api/admin/init-db in development', () => {
  test('is refused to pages of other sites, and to every credential (CSR-06, CRN-06)', async () => {
    recordLog();
    const post = (headers: Record<string, string>) =>
      client.post('/api/admin/init-db', undefined, { headers });
    expectProblem(await post({ Origin: 'https://evil.example' }), 403, 'csrf_rejected');
    expectProblem(await post({ Authorization: `Bearer ${adminSecret}` }), 401, 'unauthenticated');
    expect((await post({})).status).toBe(200);
  });
});
