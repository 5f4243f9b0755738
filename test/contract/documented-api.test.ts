import { describe, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { codeIn, documentedRoutes as documented, documents, routePattern, tableRows } from './documents.ts';
import { declaredCodes } from './problem-codes.ts';
import { type Account, bodyRoutes, exampleOf, membersOf, registeredRoutes } from './route-table.ts';

const served = createApp().serves;
const rows = tableRows('docs/api.md');
/** Examples only look members up in it. */
const anybody = { links: {}, twoFactor: { secret: 'AA', setupSecret: 'AA' }, social: {} } as Account;

function rowOf(route: string) {
  const found = documented.find((row) => row.route === route);
  if (found === undefined) throw new Error(`there is no row for ${route}`);
  return found;
}

describe('docs/api.md', () => {
  test('has one row for every route that is served, and for no other', () => {
    const routes = served.map(({ method, path }) => `${method} ${path}`);
    expect(documented.map(({ route }) => route).toSorted()).toEqual(routes.toSorted());
  });

  test('names no other route in its text', () => {
    const named = codeIn(documents['docs/api.md']!).filter((code) => routePattern.test(code));
    const known = new Set(documented.map(({ route }) => route));
    expect(named.filter((route) => !known.has(route))).toEqual([]);
  });

  test.each(registeredRoutes)('tells the members of the body of %s', (route) => {
    const members = codeIn(rowOf(route).body).map((member) => member.replace('?', ''));
    const expected = bodyRoutes.includes(route) ? Object.keys(membersOf(route, anybody)) : [];
    expect(members.toSorted()).toEqual(expected.toSorted());
  });

  test.each(registeredRoutes)('tells the success of %s', (route) => {
    const { status } = exampleOf(route);
    expect(rowOf(route).answers).toMatch(new RegExp(`(^|\\. )${status}\\b`));
  });

  test('has one row for every problem code with each of its statuses, and for no other', () => {
    const codes = rows.filter(([, status]) => /^\d{3}$/.test(status ?? ''));
    const told = codes.map(([code, status]) => `${codeIn(code!)[0]} ${status}`);
    expect(told.toSorted()).toEqual(declaredCodes());
  });

  test('gives the codes in the rows of routes the statuses that they have', () => {
    const known = new Set(declaredCodes());
    const told = documented.flatMap(({ answers }) =>
      [...answers.matchAll(/([45]\d\d)((?:,? `[a-z_]+`)+)/g)].flatMap(([, status, codes]) =>
        codeIn(codes!).map((code) => `${code} ${status}`),
      ),
    );
    expect(told.length).toBeGreaterThan(20);
    expect(told.filter((code) => !known.has(code))).toEqual([]);
  });
});

/** The path patterns of Cloudflare's routes, of which only a final * is a wildcard here. */
const patterns = tableRows('docs/moving-from-nexora.md', '### Paths')
  .slice(2)
  .flatMap(([paths = '']) => codeIn(paths));

function isMatch(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

/** What a deployed service serves: the outbox is a page of development alone. */
const deployed = served.filter(({ path }) => !path.startsWith('/dev/')).map(({ path }) => path);

describe('the paths that docs/moving-from-nexora.md has routed to the service', () => {
  test('contain every path that is served', () => {
    expect(deployed.length).toBeGreaterThan(20);
    const left = deployed.filter((path) => !patterns.some((pattern) => isMatch(pattern, path)));
    expect(left).toEqual([]);
  });

  test('are all served', () => {
    expect(patterns.length).toBeGreaterThan(4);
    const empty = patterns.filter((pattern) => !deployed.some((path) => isMatch(pattern, path)));
    expect(empty).toEqual([]);
  });
});
