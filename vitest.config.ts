import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';

// The race and crash suites need many connections, which the embedded database does not have.
const isRealPostgres = process.env.TEST_DATABASE_URL !== undefined;

// The pages are tried in a browser that not every machine has; tools/test-browser.ts finds it.
const hasChromium = process.env.CHROMIUM_PATH !== undefined;

// Against tests that hang, not a measure of speed; a fresh database is waited for when many files want one.
const timeLimits = { testTimeout: 20_000, hookTimeout: 60_000 };

// A Worker and not a function in Node, so that a dropped or hanging connection reaches the tests as it happened.
const outboundWorker = `export default {
  fetch(request) {
    const { hostname } = new URL(request.url);
    if (hostname === '127.0.0.1' || hostname === 'localhost') return fetch(request);
    return new Response('tests reach nothing but their own servers', { status: 599 });
  },
};`;

export default defineConfig({
  test: {
    globalSetup: './test/support/node/global-setup.ts',
    // By itself vitest leaves one core to the terminal, which is half of a small machine.
    maxWorkers: '100%',
    projects: [
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            // workerd's own report of every connection that a test breaks on purpose; console output still comes.
            verbose: false,
            miniflare: {
              outboundService: 'outbound',
              workers: [{ name: 'outbound', modules: true, script: outboundWorker }],
            },
          }),
        ],
        test: {
          name: 'workers',
          include: ['test/**/*.test.ts'],
          exclude: ['test/node/**', ...(isRealPostgres ? [] : ['test/postgres/**'])],
          ...timeLimits,
        },
      },
      {
        test: {
          name: 'node',
          environment: 'node',
          include: ['test/node/**/*.test.ts'],
          // `npm run dev` brings its own database, so it is tested once, with the embedded one.
          exclude: [
            'test/node/**/*.browser.test.ts',
            isRealPostgres ? 'test/node/dev.e2e.test.ts' : 'test/node/**/*.postgres.test.ts',
          ],
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
                ...timeLimits,
              },
            },
          ]
        : []),
    ],
  },
});
