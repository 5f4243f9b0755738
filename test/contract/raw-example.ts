import { toRequest } from '../support/client.ts';
import { type Account, exampleCall } from './route-table.ts';

export const json = { 'Content-Type': 'application/json' };

/**
 * The example of a route with other bytes for its body, and with exactly the Content-Type that `headers` declare. A
 * refresh token that would stand in the body is left out with it.
 */
export function rawExample(
  key: string,
  account: Account,
  body: BodyInit | null,
  headers: Readonly<Record<string, string>> = json,
  by: 'bearer' | 'cookie' = 'bearer',
): Request {
  const [method, path, { body: _, ...options }] = exampleCall(key, account, by);
  const request = new Request(toRequest(method, path, options), { body });
  // The constructor adds a type to a text: what counts is what the client declares.
  request.headers.delete('Content-Type');
  for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
  return request;
}
