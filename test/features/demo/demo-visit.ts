import { expect } from 'vitest';
import type { AppOptions } from '../../../src/app.ts';
import { type Answer, authCookies, type CallOptions, TestClient } from '../../support/client.ts';

export const demoCredentials = { email: 'demo@nexora.ai', password: 'password123' };

/** A client of a service with DEMO_MODE on. */
export function demoClient(
  overrides: Readonly<Record<string, string | undefined>> = {},
  options: Pick<AppOptions, 'now' | 'features'> = {},
): TestClient {
  return new TestClient({ DEMO_MODE: 'true', ...overrides }, options);
}

export function demoLogin(client: TestClient, options: Omit<CallOptions, 'body'> = {}): Promise<Answer> {
  return client.post('/api/auth/login', demoCredentials, options);
}

/** What one login of the demo gave, in both transports. */
export interface Visit {
  readonly accessToken: string;
  readonly bodyToken: string;
  readonly cookies: Readonly<Record<string, string>>;
}

export async function visitDemo(client: TestClient): Promise<Visit> {
  const answer = await demoLogin(client);
  expect(answer.status, answer.text).toBe(200);
  const { accessToken, refreshToken } = answer.json;
  return { accessToken, bodyToken: refreshToken, cookies: authCookies(answer) };
}
