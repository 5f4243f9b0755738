import { expect, test } from 'vitest';

const sources = byProjectPath(
  import.meta.glob<string>('../src/**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true }),
);

/** What pages are made of. `ui/brand.ts` is of mails too. */
const partsOfPages =
  /^src\/(?:ui\/(?!brand|page-view)|features\/[^/]+\/pages\/|languages\/(?:page-languages|(?:en|de)\/(?!mails)))/;

/** The files that are evaluated with this one: by imports that are not of types alone, and not `import()`. */
function evaluatedWith(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  const source = (sources[entry] ?? '').replace(/(?:import|export) type [^;]*?from\s*'[^']*';/g, '');
  for (const [, specifier = ''] of source.matchAll(/^(?:import|export|\}) [^;]*?from '(\.[^']*)';/gm))
    evaluatedWith(new URL(specifier, `file:///${entry}`).pathname.slice(1), seen);
  return seen;
}

test('nothing that pages are made of is evaluated before the first one is asked for', () => {
  const seen = evaluatedWith('src/index.ts');
  // What answers the API, and what others ask a feature for, is loaded by itself.
  for (const file of Object.keys(sources))
    if (/\/(?:handlers|rules)\.ts$/.test(file)) evaluatedWith(file, seen);
  const files = [...seen];
  // The walk has come through.
  for (const file of ['src/features/password/login.ts', 'src/http/page-routes.ts', 'src/http/problem.ts'])
    expect(files).toContain(file);
  expect(files.filter((file) => partsOfPages.test(file))).toEqual([]);
  const all = Object.keys(sources).filter((file) => partsOfPages.test(file));
  expect(all.length).toBeGreaterThan(30);
});

function byProjectPath(modules: Record<string, string>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(modules).map(([path, source]) => [path.replace('../', ''), source]),
  );
}
