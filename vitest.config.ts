import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';
import { findFreePort } from './tools/free-port.ts';

// The pages are tried in a browser that not every machine has; tools/test-browser.ts finds it.
const hasChromium = process.env.CHROMIUM_PATH !== undefined;

// Against tests that hang, not a measure of speed; a fresh database is waited for when many files want one.
const timeLimits = { testTimeout: 20_000, hookTimeout: 60_000 };

// Stand-ins answer for these: test/support/node/provider-stand-ins.ts.
const providerHosts = [
  ...['github.com', 'api.github.com', 'appleid.apple.com', 'oauth2.googleapis.com', 'www.googleapis.com'],
  ...['accounts.google.com', 'login.microsoftonline.com', 'graph.microsoft.com'],
];

// A Worker and not a function in Node, so that a dropped or hanging connection reaches the tests as it happened.
const outboundWorker = (standInsPort: number) => `
const providers = new Set(${JSON.stringify(providerHosts)});
export default {
  fetch(request) {
    const { protocol, hostname, port, pathname, search } = new URL(request.url);
    if (hostname === '127.0.0.1' || hostname === 'localhost') return fetch(request);
    if (protocol === 'https:' && port === '' && providers.has(hostname)) {
      const url = 'http://127.0.0.1:${standInsPort}/' + hostname + pathname + search;
      return fetch(new Request(url, request), { redirect: 'manual' });
    }
    return new Response('tests reach nothing but their own servers', { status: 599 });
  },
};`;

const inWorkerd = (standInsPort: number) =>
  cloudflareTest({
    // The sources: the pool makes its own modules of them.
    main: './src/index.ts',
    wrangler: { configPath: './wrangler.toml' },
    // workerd's own report of every connection that a test breaks on purpose; console output still comes.
    verbose: false,
    miniflare: {
      // The last that the workerd of the pool knows. The later one of wrangler.toml says when modules are compiled.
      compatibilityDate: '2026-11-01',
      outboundService: 'outbound',
      workers: [{ name: 'outbound', modules: true, script: outboundWorker(standInsPort) }],
    },
  });

// These ask what an isolate says that has not hashed anything yet. The others share theirs, and their modules; what one of
// them has replaced is put back behind it (test/support/before-each-file.ts).
const ownIsolates = ['test/features/health/{hash-self-test,health}.test.ts'];

// Nothing in these depends on the platform, so they need no workerd: text, tables and the sources themselves.
const pureUnits = [
  'test/{config,supply-chain}.test.ts',
  'test/contract/{documented-{configuration,limits,mail,operations},source-rules}.test.ts',
  'test/crypto/base-encodings.test.ts',
  'test/db/{database-error,sql}.test.ts',
  'test/http/{client-ip,cookies,json,origin,validate}.test.ts',
  'test/mail/render-mail.test.ts',
  'test/rate-limit/{bucket-of-address,client-windows}.test.ts',
];

// workerd has to know it before they are started.
const standInsPort = await chooseStandInsPort();

export default defineConfig({
  test: {
    globalSetup: './test/support/node/global-setup.ts',
    // One more than there are cores: tests wait for locks, timeouts and hashes as much as they work.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        plugins: [inWorkerd(standInsPort)],
        test: {
          name: 'workers',
          include: ['test/**/*.test.ts'],
          exclude: ['test/node/**', ...ownIsolates, ...pureUnits],
          isolate: false,
          setupFiles: ['./test/support/before-each-file.ts'],
          ...timeLimits,
        },
      },
      {
        plugins: [inWorkerd(standInsPort)],
        test: {
          name: 'isolated',
          include: ownIsolates,
          exclude: ['test/node/**'],
          setupFiles: ['./test/support/before-each-file.ts'],
          ...timeLimits,
        },
      },
      { test: { name: 'units', environment: 'node', include: pureUnits, isolate: false, ...timeLimits } },
      {
        test: {
          name: 'node',
          environment: 'node',
          include: ['test/node/**/*.test.ts'],
          exclude: ['test/node/**/*.browser.test.ts'],
          ...timeLimits,
        },
      },
      ...(hasChromium
        ? [
            {
              test: {
                name: 'browser',
                environment: 'node',
                include: ['test/node/**/*.browser.test.ts'],
                // Each file has a browser and `npm run dev`.
                maxWorkers: 2,
                ...timeLimits,
              },
            },
          ]
        : []),
    ],
  },
});

/** Chooses the port of the stand-ins and tells it to their process. */
async function chooseStandInsPort(): Promise<number> {
  // Vitest reads this file several times. A run that another one has started has the variables of that one too.
  const run = String(process.pid);
  if (process.env.STAND_INS_RUN === run) return Number(process.env.STAND_INS_PORT);
  // Below the ports that systems hand out by themselves: none of a run's many connections takes it meanwhile.
  const port = await findFreePort(randomInt(20_000, 30_000));
  process.env.STAND_INS_RUN = run;
  process.env.STAND_INS_PORT = String(port);
  return port;
}
