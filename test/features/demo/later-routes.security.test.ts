import { describe, expect, test } from 'vitest';
import type { Route } from '../../../src/http/route.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import { registerUser } from '../../support/accounts.ts';
import type { Answer } from '../../support/client.ts';
import { demoClient, visitDemo } from './demo-visit.ts';

const client = demoClient();

/** Calls a route that the service does not have, where there is a demo user. */
function callPlanted(method: string, guard: string, accessToken: string): Promise<Answer> {
  const planted = {
    method,
    path: '/api/auth/planted',
    guard,
    limit: null,
    medium: 'api',
    isSensitive: false,
    hasBody: false,
    handle: async () => Response.json({ isReached: true }),
  };
  const served = demoClient({}, { features: [{ routes: [planted as Route] }] });
  return served.call(method, planted.path, { bearer: accessToken });
}

describe.each(['GET', 'POST', 'PATCH', 'DELETE'])('a route that is added later, by %s', (method) => {
  test.each(['session', 'a kind of guard that is new'])(
    'for %s is closed to the demo and open to everybody else (DEM-03)',
    async (guard) => {
      const { accessToken } = await visitDemo(client);
      const refused = await callPlanted(method, guard, accessToken);
      expectProblem(refused, 403, 'demo_readonly');
      const { json } = await registerUser(client);
      expect((await callPlanted(method, guard, json.accessToken)).json).toEqual({ isReached: true });
    },
  );
});
