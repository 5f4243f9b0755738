import { describe, expect, test } from 'vitest';
import { TestClient } from '../support/client.ts';
import { faultyEndpoint } from '../support/database.ts';
import { testEnv } from '../support/test-env.ts';
import { expectProblem } from './expect-problem.ts';
import { insertAccount, insertAccountFor } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { modelRoutes } from './route-choice.ts';
import {
  bodyRoutes,
  databaseProblemRoutes,
  exampleCall,
  exampleOf,
  maintenanceRoutes,
  type RouteExample,
  registeredRoutes,
  routeTable,
} from './route-table.ts';

const client = new TestClient();
const faulty = await faultyEndpoint();
/** One whose statements are seen. */
const watched = new TestClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint });

describe('the route table', () => {
  test('has an example of every registered route, and of no other', () => {
    const missing = registeredRoutes.filter((key) => !(key in routeTable));
    expect(missing, 'routes in test/features/<feature>/examples.ts').toEqual([]);
    expect(Object.keys(routeTable).toSorted()).toEqual(registeredRoutes.toSorted());
    expect(new Set(registeredRoutes).size).toBe(registeredRoutes.length);
  });

  test('has a body exactly where the route reads one', () => {
    const withBody = registeredRoutes.filter((key) => exampleOf(key).body !== undefined);
    expect(withBody).toEqual(bodyRoutes);
  });

  test('has a model for each credential, for each kind of body and for each way to the database', () => {
    const models = modelRoutes.map(exampleOf);
    const credentials = new Set(registeredRoutes.map((key) => exampleOf(key).credential));
    expect(new Set(models.map(({ credential }) => credential))).toEqual(credentials);
    const hasModel = (isOne: (example: RouteExample) => boolean) => models.some(isOne);
    expect(hasModel(({ body }) => body === undefined)).toBe(true);
    expect(hasModel(({ body, isBodyOptional }) => body !== undefined && !isBodyOptional)).toBe(true);
    expect(hasModel(({ isBodyOptional }) => isBodyOptional === true)).toBe(true);
    expect(hasModel(({ furtherMembers }) => furtherMembers !== undefined)).toBe(true);
    expect(hasModel(({ roundTrips }) => roundTrips > 1)).toBe(true);
    expect(hasModel(({ statements }) => statements !== undefined)).toBe(true);
    expect(modelRoutes.some((key) => key.startsWith('GET '))).toBe(true);
    expect(modelRoutes.filter((key) => !databaseProblemRoutes.includes(key))).toEqual([]);
  });

  // By cookie response-headers.test.ts sends each of them.
  test.each(registeredRoutes)(
    '%s: the example succeeds, and each call is sent once and counted once (SQL-03, SQL-04)',
    async (key) => {
      const lines = recordLog();
      await faulty.plan([]);
      const answer = await watched.call(...exampleCall(key, await insertAccountFor(client, key)));
      expect(answer.status, answer.text).toBe(exampleOf(key).status);
      if (maintenanceRoutes.includes(key))
        expect(answer.roundTrips).toBeGreaterThanOrEqual(exampleOf(key).roundTrips);
      else expect(answer.roundTrips).toBe(exampleOf(key).roundTrips);
      // There is nothing to say about a request that goes well, but by those that say what they did.
      if (!maintenanceRoutes.includes(key) && !key.includes('/api/admin/')) expect(lines).toEqual([]);
      const seen = await faulty.seen();
      expect(seen.map(({ queries }) => queries.length)).toEqual(
        exampleOf(key).statements ?? Array(answer.roundTrips).fill(1),
      );
      // No change is spread over two calls, of which one could be lost. The statement that counts an attempt changes
      // nobody's account, and must come before the password is looked at.
      const texts = seen.map(({ queries }) => queries.join());
      const changes = texts
        .filter((text) => !text.includes('INSERT INTO login_attempts'))
        .filter((text) => /\b(INSERT|UPDATE\s+\w+|DELETE)\b(?! OF)/.test(text));
      if (!maintenanceRoutes.includes(key)) expect(changes.length).toBeLessThanOrEqual(1);
    },
  );
});

describe('a route that only some configurations have', () => {
  const conditional = registeredRoutes.flatMap((key) => {
    const { variables } = exampleOf(key);
    return variables === undefined ? [] : [[key, variables] as const];
  });

  test('is in the table', () => {
    expect(conditional).not.toEqual([]);
  });

  test.each(conditional)(
    '%s: is served by the variables of its example, and not without them',
    async (key, variables) => {
      const account = await insertAccount(client);
      const without = new TestClient(
        Object.fromEntries(Object.keys(variables).map((name) => [name, undefined])),
      );
      expectProblem(await without.call(...exampleCall(key, account)), 404, 'not_found');
      // What every test gets has nothing of them, or the example would show nothing.
      for (const [name, value] of Object.entries(variables)) expect(testEnv()[name]).not.toBe(value);
      expect((await client.call(...exampleCall(key, account))).status).toBe(exampleOf(key).status);
    },
  );
});
