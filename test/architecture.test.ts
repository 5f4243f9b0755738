import { describe, expect, test } from 'vitest';
import { createApp, features as manifests } from '../src/app.ts';
import { foldSite } from '../src/feature.ts';
import { isMadeByKit } from '../src/http/route.ts';
import { findViolations, ruleNames, type Sources, statementHomes } from './support/architecture-rules.ts';

const sources = byProjectPath(
  import.meta.glob<string>('../src/**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true }),
);
const tests = Object.keys(import.meta.glob('./features/**/*.test.ts')).map((path) =>
  path.replace('./', 'test/'),
);
const migrations = Object.keys(import.meta.glob('../migrations/*.sql', { query: '?raw' })).sort();

const login = 'src/features/password/login.ts';
const importing = (from: string) => `import { a } from '${from}';`;

/** For each rule what breaks it: files of this path and source, by pairs. */
const breachesByRule: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'only app.ts imports features': [
    ['src/http/x.ts', importing('../features/users/index.ts')],
    ['src/service.ts', importing('./features/users/account.sql.ts')],
  ],
  'a feature reaches another only through its index.ts': [
    ['src/features/password/x.ts', importing('../users/account.sql.ts')],
  ],
  'only base features are reached, and only downwards': [
    ['src/features/account/x.ts', importing('../password/index.ts')],
    ['src/features/users/x.ts', importing('../sessions/index.ts')],
  ],
  'flows, statements, schemas and errors import nothing from http or ui': [
    [login, importing('../../http/body.ts')],
    [login, "import type { Context } from 'hono';"],
  ],
  'SQL stands only in *.sql.ts and the migration runner': [
    [login, 'const statement = sql`SELECT 1`;'],
    [login, 'const statement = sql<UserRow>`SELECT 1`;'],
    [login, "import { sql as q } from '../../db/sql.ts';"],
    [login, "db.query(new Fragment(['DELETE FROM users'], []));"],
  ],
  'routes are made by the kit of http': [
    ['src/features/password/routes.ts', "import { markAsMadeByKit } from '../../http/route.ts';"],
  ],
  'a table is written only by the feature that owns it': [
    ['src/features/account/me.sql.ts', 'sql`UPDATE users SET name = 1`'],
    ['src/features/account/me.sql.ts', "deletesDue('clean-up', { table: 'sessions', at: 'expires_at' })"],
  ],
  'what closes, tells and records stands in its one place': [
    ...['INSERT INTO security_events (id)', 'INSERT\n INTO mail_outbox (id)'],
    ...['DELETE FROM sessions s', 'DELETE FROM one_time_tokens t'],
  ].map((statement) => ['src/features/sessions/own-sessions/own-sessions.sql.ts', `sql\`${statement}\``]),
  'one statement alone inserts into sessions': [
    ['src/features/sessions/refresh-session.sql.ts', 'sql`INSERT INTO sessions (id) SELECT 1`'],
    [
      'src/features/sessions/begin-session.sql.ts',
      'sql`INSERT INTO sessions (id) SELECT 1`; sql`INSERT INTO sessions (id) SELECT 2`',
    ],
  ],
  'what is async beside SQL asks the database it is given': [
    ['src/features/users/account.sql.ts', 'export async function insertUser(user: User) {}'],
  ],
  'only config.ts touches the environment': [
    ['src/runtime.ts', 'const a = env.AUTH_SECRET;'],
    ['src/app.ts', 'const { AUTH_SECRET } = c.env;'],
    ['src/log.ts', "import { env } from 'cloudflare:workers';"],
    ['src/config/mail.ts', 'new VariableReader(env)'],
  ],
  'src never imports tools or tests': [['src/db/x.ts', importing('../../tools/node-database.ts')]],
  'the crypto, db and http kits never import the application': [['src/db/x.ts', importing('../app.ts')]],
  'crypto is pure, and access tokens are made of it alone': [
    ['src/crypto/x.ts', importing('../config.ts')],
    ['src/crypto/x.ts', importing('../access-tokens/access-token.ts')],
    ['src/access-tokens/x.ts', importing('../config.ts')],
  ],
  'a file is one thing': [['src/db/x.ts', '\n'.repeat(301)]],
  'imports have no cycles': [
    ['src/db/x.ts', importing('./y.ts'), 'src/db/y.ts', importing('./x.ts')],
    ['src/db/x.ts', importing('./y.ts'), 'src/db/y.ts', "import type { A } from './x.ts';"],
    ['src/db/x.ts', importing('./y.ts'), 'src/db/y.ts', "const load = () => import('./x.ts');"],
  ],
};

const plantedBreaches = Object.entries(breachesByRule).flatMap(([rule, breaches]) =>
  breaches.map(([path = '', source = '', ...other]): [string, Sources] => [
    rule,
    { [path]: source, ...(other.length > 0 && { [other[0] ?? '']: other[1] ?? '' }) },
  ]),
);

describe('the layout', () => {
  // SES-18 is one of the rules.
  test('every source file keeps the dependency rules', () => {
    expect(Object.keys(sources).length).toBeGreaterThan(50);
    expect(findViolations(sources)).toEqual([]);
  });

  test.each(plantedBreaches)('a planted breach is seen: %s', (rule, planted) => {
    expect(findViolations(planted).map((violation) => violation.rule)).toContain(rule);
  });

  test('every statement that has a home stands there still', () => {
    for (const [statement, homes] of Object.entries(statementHomes))
      for (const home of homes) expect(sources[home] ?? '', `${statement} in ${home}`).toContain(statement);
  });

  test('a breach is planted for every rule', () => {
    expect(new Set(plantedBreaches.map(([rule]) => rule))).toEqual(new Set(ruleNames));
  });

  test('every feature with routes has a folder of tests, and no test folder lacks its feature', () => {
    const served = features(Object.keys(sources).filter((path) => /\/routes\.ts$|\/pages\//.test(path)));
    const tested = features(tests);
    expect([...served].filter((feature) => !tested.has(feature))).toEqual([]);
    expect([...tested].filter((feature) => !features(Object.keys(sources)).has(feature))).toEqual([]);
  });

  test('every route that a feature declares is served', () => {
    // A handler of `handlers.ts` has a line of `defineRoutes`, or it does not compile.
    const declared = Object.entries(sources)
      .filter(([path]) => /\/(?:routes|handlers)\.ts$/.test(path))
      .flatMap(([, source]) => source.match(/define(?:Open)?Route\(|export const \w+Handler\b/g) ?? []);
    expect(createApp().serves.filter(({ medium }) => medium === 'api')).toHaveLength(declared.length);
  });

  test('every page and every section that a feature declares is served, and every one that it has is declared', () => {
    const { pages, accountSections } = foldSite(manifests);
    expect(pages.length).toBeGreaterThan(10);
    const ofPages = createApp().serves.filter(({ medium }) => medium === 'page');
    expect(ofPages.map(({ method, path, guard }) => [method, path, guard])).toEqual(
      pages.flatMap(({ path, guard }) =>
        (guard === 'developer' ? ['GET'] : ['GET', 'POST']).map((method) => [method, path, guard]),
      ),
    );
    const paths = pages.map(({ path }) => path);
    expect(paths).toHaveLength(new Set(paths).size);
    const names = accountSections.map(({ name }) => name);
    expect(names).toHaveLength(new Set(names).size);
    expect(accountSections.filter(({ page }) => !paths.includes(page))).toEqual([]);
    // The files of them, by the manifest that loads them.
    const files = Object.keys(sources).filter((path) => /\/pages\/[\w-]+-(?:page|section)\.tsx?$/.test(path));
    const undeclared = files.filter((path) => {
      const [folder = '', file = ''] = path.split('/pages/');
      return !sources[`${folder}/feature.ts`]?.includes(`import('./pages/${file}')`);
    });
    expect(files.length).toBeGreaterThan(pages.length);
    expect(undeclared).toEqual([]);
  });

  test('every route that is served is made by the kit, whose rules the tests try in full on a few of them', () => {
    const { serves } = createApp();
    expect(
      serves.filter((route) => !isMadeByKit(route)).map(({ method, path }) => `${method} ${path}`),
    ).toEqual([]);
    // A copy with a handler of its own is none.
    const [route] = serves;
    expect(isMadeByKit({ ...route!, handle: async () => new Response('by hand') })).toBe(false);
  });

  test('migrations are numbered without a gap, one name each', () => {
    const numbers = migrations.map((path) => Number(/(\d{4})_[a-z0-9_]+\.sql$/.exec(path)?.[1]));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });
});

function byProjectPath(modules: Record<string, string>): Sources {
  return Object.fromEntries(
    Object.entries(modules).map(([path, source]) => [path.replace('../', ''), source]),
  );
}

function features(paths: readonly string[]): Set<string> {
  return new Set(paths.flatMap((path) => /features\/([^/]+)\//.exec(path)?.[1] ?? []));
}
