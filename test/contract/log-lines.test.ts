import { describe, expect, test } from 'vitest';
import { registration } from '../support/accounts.ts';
import { TestClient } from '../support/client.ts';
import { faultyEndpoint } from '../support/database.ts';
import { baseUrl } from '../support/test-env.ts';
import { insertAccount } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { isTriedInFull } from './route-choice.ts';
import { databaseRoutes, exampleCall, privateTexts } from './route-table.ts';

/** What would start a line of its own in a log that is read line by line. */
const forged = '{"level":"info","event":"forged"}';
const lineBreaks = ['\n', '\r\n', '\r', '\u2028', '\u2029', '\u0085', '\u001b[2K'];

/** Those by which every rule of the log is tried; the others have the same log. */
const models = databaseRoutes.filter(isTriedInFull);

const account = await insertAccount(new TestClient());

/** Checks that each text is one line of JSON, and that none is the forged one. */
function expectSingleLines(lines: readonly string[], count: number): void {
  expect(lines).toHaveLength(count);
  for (const line of lines) {
    expect(line).toMatch(/^[\x20-\x7e\u00a0-\u2027\u202a-\uffff]+$/);
    expect(JSON.parse(line)).toMatchObject({ time: expect.any(String), level: 'error' });
    expect(JSON.parse(line).event).not.toBe('forged');
  }
}

describe('the log', () => {
  test.each(lineBreaks)('keeps one line where the database says %j (LOG-03)', async (lineBreak) => {
    const lines = recordLog();
    const { endpoint } = await faultyEndpoint({
      always: { sqlstate: '22P02', message: `no${lineBreak}${forged}`, constraint: `x${lineBreak}${forged}` },
    });
    const client = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint });
    for (const key of models) await client.call(...exampleCall(key, account));
    expectSingleLines(lines, models.length);
  });

  test('keeps one line whatever the client calls itself (LOG-03)', async () => {
    const lines = recordLog();
    const { endpoint } = await faultyEndpoint({ always: { sqlstate: '22P02' } });
    const client = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint });
    const odd = `\u0085\u00a0${forged}\t`;
    const headers = {
      'User-Agent': odd,
      'CF-Connecting-IP': odd,
      'X-Request-Id': odd,
      'Accept-Language': odd,
    };
    for (const key of models) await client.call(...exampleCall(key, account, 'bearer', headers));
    expectSingleLines(lines, models.length);
    expect(lines.join()).not.toContain('forged');
  });

  test.each(lineBreaks)('keeps one line for an address with %j (LOG-03)', async (lineBreak) => {
    const lines = recordLog();
    const client = new TestClient(
      {},
      {
        now: () => {
          throw new Error(`no${lineBreak}${forged}`);
        },
      },
    );
    await client.get('/api/auth/me', { bearer: account.accessToken });
    const unreadable = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
      },
    );
    Object.assign(client, { env: unreadable });
    await client.get(`/x${encodeURIComponent(lineBreak + forged)}`);
    expectSingleLines(lines, 2);
  });

  test('has no line about a bad e-mail address, name or body (LOG-03, LOG-05)', async () => {
    const lines = recordLog();
    const client = new TestClient();
    for (const lineBreak of lineBreaks) {
      const email = `a@b.example${lineBreak}${forged}`;
      await client.post('/api/auth/login', { email, password: email });
      await client.post('/api/auth/register', registration(email, { name: email }));
      const body = `{"email":${lineBreak}${forged}`;
      await client.send(new Request(`${baseUrl}/api/auth/login`, { method: 'POST', body }));
    }
    expect(lines).toEqual([]);
  });

  test('of Cloudflare keeps no query of a request, where the links of mails have their token (PRV-02)', () => {
    const files = import.meta.glob<string>('../../wrangler.toml', {
      query: '?raw',
      import: 'default',
      eager: true,
    });
    const [, settings = ''] = (files['../../wrangler.toml'] ?? '').split('[observability]');
    expect(settings).toMatch(/^redact_query_string = true$/m);
    expect(settings).toMatch(/^invocation_logs = false$/m);
    expect(settings).toMatch(/^\[observability\.traces\]\nenabled = false$/m);
  });

  test('never has the credentials of a request that failed, nor the address of the database', async () => {
    const lines = recordLog();
    for (const fault of ['refuse', { sqlstate: '22P02' }, { status: 500, body: 'x' }] as const) {
      const { endpoint } = await faultyEndpoint({ always: fault });
      const client = new TestClient({
        DATABASE_HTTP_ENDPOINT: endpoint,
        DATABASE_URL: 'postgresql://canary-user:canary-password@canary-host/canary-database',
      });
      const calls = (['bearer', 'cookie'] as const).flatMap((by) =>
        (fault === 'refuse' ? databaseRoutes : models).map((key) => exampleCall(key, account, by)),
      );
      // At once, since a lost statement is tried again after a pause.
      await Promise.all(calls.map((call) => client.call(...call)));
    }
    const all = lines.join('\n');
    for (const secret of privateTexts(account)) {
      expect(all).not.toContain(secret);
      const [, , signature = secret] = secret.split('.');
      expect(all).not.toContain(signature);
    }
    expect(all).not.toMatch(/canary|correct horse|127\.0\.0\.1/);
  });
});
