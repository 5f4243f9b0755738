import { describe, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { codeIn, tableRows } from './documents.ts';

/** The path patterns of Cloudflare's routes, of which only a final * is a wildcard here. */
const patterns = tableRows('docs/moving-from-nexora.md', '### Paths')
  .slice(2)
  .flatMap(([paths = '']) => codeIn(paths));

function isMatch(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

/** What a deployed service serves: the outbox is a page of development alone. */
const served = createApp()
  .serves.map(({ path }) => path)
  .filter((path) => !path.startsWith('/dev/'));

describe('the paths that docs/moving-from-nexora.md has routed to the service', () => {
  test('contain every path that is served', () => {
    expect(served.length).toBeGreaterThan(20);
    const left = served.filter((path) => !patterns.some((pattern) => isMatch(pattern, path)));
    expect(left).toEqual([]);
  });

  test('are all served', () => {
    expect(patterns.length).toBeGreaterThan(4);
    const empty = patterns.filter((pattern) => !served.some((path) => isMatch(pattern, path)));
    expect(empty).toEqual([]);
  });
});
