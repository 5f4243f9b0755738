import { expect, test } from 'vitest';
import { section } from './documents.ts';
import { type RouteExample, routeTable } from './route-table.ts';

const heading = '| route | round trips | statements in each |\n|---|---|---|\n';

function rowOf([route, { roundTrips, roundTripsByCookie, statements }]: [string, RouteExample]): string {
  const bySession = roundTripsByCookie === undefined ? '' : `; by a live session ${roundTripsByCookie}`;
  const ofEach = statements?.join(', ') ?? (roundTrips === 0 ? '' : '1');
  return `| \`${route}\` | ${roundTrips}${bySession} |${ofEach === '' ? '' : ` ${ofEach}`} |\n`;
}

test('docs/performance.md has the table of routes that `npm run docs` makes of test/contract/route-table.ts', async () => {
  const text = section('docs/performance.md');
  const start = text.indexOf(heading) + heading.length;
  const end = text.indexOf('\n\n', start) + 1;
  expect([start, end].every((position) => position > heading.length)).toBe(true);
  const rows = Object.entries(routeTable).map(rowOf).join('');
  const path = '../../docs/performance.md';
  await expect(`${text.slice(0, start)}${rows}${text.slice(end)}`).toMatchFileSnapshot(path);
});
