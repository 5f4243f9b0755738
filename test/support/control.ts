import { inject } from 'vitest';

/** Asks the control server: see test/support/node/control-server.ts. */
export async function control<T>(method: string, path: string, body?: unknown): Promise<T> {
  const url = `${inject('controlUrl')}${path}`;
  const response = await fetch(url, { method, body: body === undefined ? null : JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}
