import type { RequestContext } from '../../src/http/context.ts';
import { defineRoute } from '../../src/http/route.ts';
import { type Overrides, TestClient } from '../support/client.ts';

/** What a planted route answers, or throws. */
type Planted = (c: RequestContext) => Response | Promise<Response>;

/** A client of a service that also has these routes for anyone, by method and path. */
export function serviceWith(
  routes: Readonly<Record<string, Planted>>,
  overrides: Overrides = {},
  options: { readonly now?: () => number } = {},
): TestClient {
  const planted = Object.entries(routes).map(([key, answer]) => {
    const [method, path] = key.split(' ') as ['GET' | 'POST' | 'DELETE', string];
    return defineRoute({ method, path, guard: 'anyone' }, { answer });
  });
  return new TestClient(overrides, { ...options, features: [{ routes: planted }] });
}
