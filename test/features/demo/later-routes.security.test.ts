import { describe, expect, test } from 'vitest';
import { overlay } from '../../../src/features/demo/index.ts';
import type { RequestContext } from '../../../src/http/context.ts';
import type { Route } from '../../../src/http/route.ts';
import { loadRuntime } from '../../../src/runtime.ts';
import { registerUser } from '../../support/accounts.ts';
import { toRequest } from '../../support/client.ts';
import { demoClient, visitDemo } from './demo-visit.ts';

const client = demoClient();
const reached = new Response('reached');

/** Calls a route that the service does not have, through the overlay. */
async function callPlanted(method: string, guard: string, accessToken: string): Promise<Response> {
  const planted = {
    method,
    path: '/api/auth/planted',
    guard,
    limit: null,
    medium: 'api',
    isSensitive: false,
    hasBody: false,
    handle: async () => reached,
  };
  const [route] = overlay([planted as Route]);
  const deps = { ...(await loadRuntime(client.env)), now: Date.now };
  const raw = toRequest(method, planted.path, { bearer: accessToken });
  return route!.handle({ req: { raw }, var: { deps } } as unknown as RequestContext);
}

describe.each(['GET', 'POST', 'PATCH', 'DELETE'])('a route that is added later, by %s', (method) => {
  test.each(['session', 'a kind of guard that is new'])(
    'for %s is closed to the demo and open to everybody else (DEM-03)',
    async (guard) => {
      const { accessToken } = await visitDemo(client);
      await expect(callPlanted(method, guard, accessToken)).rejects.toMatchObject({ code: 'demo_readonly' });
      const { json } = await registerUser(client);
      expect(await callPlanted(method, guard, json.accessToken)).toBe(reached);
    },
  );
});

test('the overlay keeps every other member of a route, of whatever name', () => {
  const route = {
    method: 'GET',
    path: '/x',
    guard: 'session',
    limit: null,
    medium: 'api',
    isSensitive: false,
    hasBody: true,
    more: 7,
    handle: async () => reached,
  };
  const [overlaid] = overlay([route as Route]);
  expect(overlaid).toEqual({ ...route, handle: expect.any(Function) });
});
