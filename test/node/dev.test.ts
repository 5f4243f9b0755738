import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { calculateJwkThumbprint } from 'jose';
import { afterAll, describe, expect, test } from 'vitest';
import { demoEmail } from '../../src/address/reserved-email.ts';
import { demoPassword } from '../../src/features/demo/demo-password.ts';
import { cleanLine } from '../../tools/dev/clean-line.ts';
import { demoLogin } from '../../tools/dev/demo-login.ts';
import { lockData } from '../../tools/dev/lock-data.ts';
import { mailDestination } from '../../tools/dev/mail-destination.ts';
import { startIssuers } from '../../tools/dev/start-issuers.ts';
import { formatVariables } from '../../tools/dev/worker-variables.ts';
import { createDevVars, missingDevVars, readDevVars } from '../../tools/dev-vars.ts';
import { findFreePort } from '../../tools/free-port.ts';
import { generateSecrets } from '../../tools/generate-secrets.ts';
import { projectFolder } from '../../tools/project.ts';

const folder = await mkdtemp(join(tmpdir(), 'nexora-dev-'));
afterAll(() => rm(folder, { recursive: true }));

const examplePath = join(projectFolder, '.dev.vars.example');

describe('generateSecrets', () => {
  test('never gives the same value twice', async () => {
    const [first, second] = await Promise.all([generateSecrets(), generateSecrets()]);
    const values = [...Object.values(first), ...Object.values(second)];
    expect(new Set(values).size).toBe(values.length);
  });

  test('names the signing key by its thumbprint', async () => {
    const { SIGNING_KEYS } = await generateSecrets();
    const [key, ...others] = JSON.parse(SIGNING_KEYS);
    expect(others).toEqual([]);
    expect(key).toMatchObject({ alg: 'ES256', use: 'sig', kid: await calculateJwkThumbprint(key) });
  });
});

describe('createDevVars', () => {
  test('fills the example with secrets of full strength, for its owner alone', async () => {
    const path = join(folder, 'made');
    await createDevVars(examplePath, path);
    const variables = (await readDevVars(path)) ?? {};
    expect(missingDevVars(variables)).toEqual([]);
    expect(variables).toMatchObject({ ENVIRONMENT: 'development', BASE_URL: 'http://localhost:8787' });
    const { AUTH_SECRET = '', CRON_SECRET = '', ADMIN_SECRET = '', SIGNING_KEYS = '' } = variables;
    expect(Buffer.from(AUTH_SECRET, 'base64')).toHaveLength(32);
    expect(Buffer.from(CRON_SECRET, 'base64url')).toHaveLength(32);
    expect(Buffer.from(ADMIN_SECRET, 'base64url')).toHaveLength(32);
    expect(JSON.parse(SIGNING_KEYS)).toMatchObject([{ kty: 'EC', crv: 'P-256' }]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('never overwrites a file', async () => {
    const path = join(folder, 'kept');
    await writeFile(path, 'AUTH_SECRET=mine');
    await expect(createDevVars(examplePath, path)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(path, 'utf8')).toBe('AUTH_SECRET=mine');
  });
});

describe('.dev.vars.example', () => {
  test('explains every variable in the line before it, once, and holds no secret', async () => {
    const lines = (await readFile(examplePath, 'utf8')).split('\n');
    const names = lines.flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []);
    expect(names.length).toBe(new Set(names).size);
    for (const [index, line] of lines.entries()) {
      if (!/^\w+=/.test(line)) continue;
      expect(lines[index - 1], line).toMatch(/^# ./);
      if (/^# secret: /.test(lines[index - 1]!)) {
        expect(line).toMatch(/^\w+=$|^DATABASE_URL=postgresql:\/\/nexora:nexora@127\.0\.0\.1\/nexora$/);
      }
    }
  });
});

test('missingDevVars names what is left out and what is empty', () => {
  const variables = { ENVIRONMENT: 'development', AUTH_SECRET: ' ', SIGNING_KEYS: '[]', CRON_SECRET: 'x' };
  expect(missingDevVars(variables)).toEqual(['AUTH_SECRET', 'ADMIN_SECRET']);
});

test('a .dev.vars that is not there has no variables at all', async () => {
  expect(await readDevVars(join(folder, 'nowhere'))).toBeUndefined();
});

describe('demoLogin', () => {
  test('says how to sign in, by the words that the Worker accepts', async () => {
    const line = demoLogin((await readDevVars(examplePath)) ?? {});
    expect(line).toBe(`Demo login    ${demoEmail} / ${demoPassword}`);
  });

  test.each([{}, { DEMO_MODE: 'false' }, { DEMO_MODE: '' }])('says nothing with %j', (devVars) => {
    expect(demoLogin(devVars)).toBeUndefined();
  });
});

describe('mailDestination', () => {
  const local = 'http://localhost:8787';

  test('is the outbox with the variables that a new .dev.vars has', async () => {
    const devVars = (await readDevVars(examplePath)) ?? {};
    expect(mailDestination(devVars, local)).toBe(`${local}/dev/outbox`);
  });

  test.each([
    ['log', {}],
    ['log', { MAIL_TRANSPORT: ' ' }],
    ['http', { MAIL_TRANSPORT: ' http ', MAIL_HTTP_URL: 'https://mail.example.com/?key=canary' }],
  ])('is %s with %j, by its name alone', (transport, devVars) => {
    expect(mailDestination(devVars, local)).toBe(`by MAIL_TRANSPORT=${transport}`);
  });
});

describe('findFreePort', () => {
  async function listen(host: string): Promise<{ port: number; close(): void }> {
    const server = createServer();
    server.listen({ port: await findFreePort(20_000), host });
    await once(server, 'listening');
    return { port: (server.address() as AddressInfo).port, close: () => server.close() };
  }

  test('gives the wanted port when nobody listens there', async () => {
    const port = await findFreePort(20_100);
    expect(await findFreePort(port)).toBe(port);
  });

  test.each(['127.0.0.1', '0.0.0.0', '::1'])(
    'gives a later one when somebody listens at %s',
    async (host) => {
      const taken = await listen(host);
      try {
        expect(await findFreePort(taken.port)).toBeGreaterThan(taken.port);
      } finally {
        taken.close();
      }
    },
  );

  test('gives any port when none is wanted', async () => {
    expect(await findFreePort()).toBeGreaterThan(1023);
  });
});

describe('lockData', () => {
  test('keeps a second process out until the first one gives the folder back', async () => {
    const data = join(folder, 'locked');
    const unlock = await lockData(data);
    await expect(lockData(data)).rejects.toThrow(`${data} is in use by process ${process.pid}`);
    await unlock();
    await (await lockData(data))();
  });

  test.each(['999999999', 'nonsense', ''])('takes over the lock %j of a dead process', async (left) => {
    const data = join(folder, `stale${left}`);
    await (await lockData(data))();
    await writeFile(join(data, 'lock'), left);
    const unlock = await lockData(data);
    expect(await readFile(join(data, 'lock'), 'utf8')).toBe(String(process.pid));
    await unlock();
  });
});

describe('startIssuers', () => {
  const baseUrl = 'http://localhost:8787';

  test('adds an issuer that is trusted and one that is not to the providers of .dev.vars', async () => {
    const own = {
      id: 'own',
      name: "Ann's",
      issuer: 'https://id.example.com',
      clientId: 'a',
      clientSecret: 'b',
    };
    const issuers = await startIssuers({ baseUrl, configured: JSON.stringify([own]) });
    try {
      const written = parseEnv(formatVariables({ OIDC_PROVIDERS: issuers.providers }));
      const [first, second, third, ...others] = JSON.parse(written.OIDC_PROVIDERS ?? '');
      expect([first, others]).toEqual([own, []]);
      expect(second).toMatchObject({
        id: 'local',
        name: 'Local issuer',
        issuer: issuers.url,
        trustEmail: true,
      });
      expect(third).toMatchObject({ id: 'local-untrusted', name: 'Second local issuer', trustEmail: false });
      expect(third.issuer).not.toBe(second.issuer);
      expect(third.clientSecret).not.toBe(second.clientSecret);
      for (const { id, issuer, clientId } of [second, third]) {
        const url = new URL(`${issuer}/auth?response_type=code&scope=openid&code_challenge_method=S256`);
        url.searchParams.set('client_id', clientId);
        url.searchParams.set('redirect_uri', `${baseUrl}/api/auth/oauth/${id}/callback`);
        url.searchParams.set('code_challenge', 'a'.repeat(43));
        const response = await fetch(url, { redirect: 'manual' });
        expect([response.status, response.headers.get('location')]).toEqual([
          303,
          expect.stringMatching('^/log-in/'),
        ]);
      }
    } finally {
      await issuers.stop();
    }
    await expect(fetch(issuers.url!)).rejects.toThrow('fetch failed');
  });

  test('takes other ports where somebody listens on its own', async () => {
    const first = await startIssuers({ baseUrl, configured: undefined });
    const second = await startIssuers({ baseUrl, configured: ' ' });
    try {
      const issuers = [first, second].flatMap(({ providers }) =>
        (JSON.parse(providers) as { issuer: string }[]).map(({ issuer }) => issuer),
      );
      expect(new Set(issuers).size).toBe(4);
      for (const issuer of issuers) expect((await fetch(`${issuer}/jwks`)).status, issuer).toBe(200);
    } finally {
      await Promise.all([first.stop(), second.stop()]);
    }
  });

  test('starts none whose id .dev.vars uses', async () => {
    const configured = '[{"id":"local"},{"id":"local-untrusted"}]';
    const { providers, url } = await startIssuers({ baseUrl, configured });
    expect([providers, url]).toEqual([configured, undefined]);
  });

  test.each(['nonsense', '{}', '[1]'])(
    'leaves %j of .dev.vars for the Worker to refuse',
    async (configured) => {
      const { providers, url } = await startIssuers({ baseUrl, configured });
      expect([providers, url]).toEqual([configured, undefined]);
    },
  );
});

describe('formatVariables', () => {
  const variables = {
    EMPTY: '',
    PLAIN: 'postgresql://nexora:nexora@127.0.0.1/nexora',
    BASE64: 'a/b+c==',
    JSON: '[{"name":"Ann\'s # own","scope":"openid email"}]',
    MIXED: 'a "double" and a `back` tick',
    LINES: 'first\nsecond',
    NO_LINES: String.raw`C:\new "folder"`,
  };

  test('keeps every value', () => {
    expect(parseEnv(formatVariables(variables))).toEqual(variables);
  });

  test('keeps a dollar sign from being replaced', () => {
    expect(formatVariables({ KEY: 'a$HOME', JSON: '["$HOME"]' })).toBe(`KEY=a\\$HOME\nJSON='["\\$HOME"]'\n`);
  });

  test('refuses what it cannot write', () => {
    expect(() => formatVariables({ KEY: '\'"`' })).toThrow('KEY of .dev.vars has too many kinds of quotes.');
  });
});

describe('cleanLine', () => {
  const own =
    '{"time":"2026-11-24T08:43:45.363Z","level":"error","event":"telemetry env.X update available"}';

  test.each([
    ['a log line of the Worker', own],
    [
      'an error line that wrangler decorates',
      `\u001b[31m✘ \u001b[41;31m[\u001b[41;97mERROR\u001b[41;31m]\u001b[0m \u001b[1m${own}\u001b[0m`,
    ],
    ['a warning line that wrangler decorates', `▲ [WARNING] ${own}`],
  ])('shows %s as the Worker wrote it', (_, line) => {
    expect(cleanLine(line)).toBe(own);
  });

  test.each([
    '[wrangler:info] GET /api/health 200 OK (11ms)',
    '✘ [ERROR] Build failed with 1 error:',
    '    src/index.ts:1:7:',
    '⎔ Reloading local server...',
    '▲ [WARNING] The kv_namespaces binding is not used',
  ])('shows %j', (line) => {
    expect(cleanLine(line)).toBe(line);
  });

  test.each([
    '',
    ' ⛅️ wrangler 4.164.0 (update available 5.0.0)',
    '────────────────────',
    '[custom build] Running: npm run --silent bundle',
    'Attaching additional modules:',
    '┌──────────────┬──────┬───────────┐',
    '│ start.mjs    │ esm  │ 150.34 KiB│',
    '├──────────────┼──────┼───────────┤',
    '└──────────────┴──────┴───────────┘',
    'Using secrets defined in .dev.vars',
    'Your Worker has access to the following bindings:',
    'Binding                                          Resource                  Mode',
    'env.ENVIRONMENT ("production")                   Environment Variable      local',
    '⎔ Starting local server...',
    '[wrangler:info] Ready on http://127.0.0.1:8799',
    '🪵  Logs were written to "/home/x/.config/.wrangler/logs/wrangler-2026-11-24_08-43-37_206.log"',
    '[wrangler:warn] Unable to fetch the `Request.cf` object! Falling back to a default placeholder...',
    '\u001b[33m▲ [WARNING] Scheduled Workers are not automatically triggered during local development.\u001b[0m',
    '  To manually trigger a scheduled event, run:',
    '    curl "http://127.0.0.1:8799/cdn-cgi/local/scheduled"',
    '  For more details, see https://developers.cloudflare.com/workers/configuration/cron-triggers/#test-cron-triggers-locally',
  ])('leaves out %j', (line) => {
    expect(cleanLine(line)).toBeUndefined();
  });
});
