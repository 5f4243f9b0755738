import { describe, expect, test } from 'vitest';
import { codeIn, tableRows } from './documents.ts';
import { exampleOf, registeredRoutes } from './route-table.ts';

/** Round trips by route, and the statements in each. */
const documented = tableRows('docs/performance.md', '## Round trips')
  .slice(2)
  .map(([route, trips, statements]) => ({
    route: codeIn(route!)[0]!,
    trips: (trips!.match(/\d+/g) ?? []).map(Number),
    statements: (statements!.match(/\d+/g) ?? []).map(Number),
  }));

describe('docs/performance.md', () => {
  test('has one row for every route of the API, and for no other', () => {
    expect(documented.map(({ route }) => route).toSorted()).toEqual(registeredRoutes.toSorted());
  });

  test.each(documented)('says what $route costs', ({ route, trips, statements }) => {
    const { roundTrips, roundTripsByCookie, statements: batches } = exampleOf(route);
    expect(trips).toEqual([roundTrips, ...(roundTripsByCookie === undefined ? [] : [roundTripsByCookie])]);
    expect(statements).toEqual(batches ?? Array(roundTrips).fill(1));
  });
});
