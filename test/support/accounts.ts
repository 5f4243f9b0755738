import { expect } from 'vitest';
import type { Answer, TestClient } from './client.ts';
import { passEveryGate } from './pass-gates.ts';

export const password = 'correct horse battery staple';

/** One that nobody has yet. */
export const otherPassword = 'a heron over the still canal';

/** An address that no other test uses. */
export function freshEmail(): string {
  return `user-${crypto.randomUUID()}@example.com`;
}

/** A client of its own, as far as limits go: most tests cause more mails than one client may. */
export function freshClient(): { readonly 'CF-Connecting-IP': string } {
  const [a = 0, b = 0, c = 0] = crypto.getRandomValues(new Uint8Array(3));
  return { 'CF-Connecting-IP': `10.${a}.${b}.${c}` };
}

export function registration(email: string, overrides: Readonly<Record<string, unknown>> = {}) {
  return { email, name: 'Test User', password, confirmPassword: password, ...overrides };
}

/** Registers a fresh user, from a client of its own, who passes every gate, and returns the answer, with the address. */
export async function registerUser(
  client: TestClient,
  overrides: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer & { email: string }> {
  const email = (overrides.email as string | undefined) ?? freshEmail();
  const answer = await client.post('/api/auth/register', registration(email, overrides), {
    headers: { ...freshClient(), ...headers },
  });
  expect(answer.status, answer.text).toBe(201);
  await passEveryGate(String(client.env.DATABASE_URL), answer.json.user.id);
  return { ...answer, email };
}

/** Signs in with the shared password and returns the answer. */
export async function logIn(
  client: TestClient,
  email: string,
  overrides: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  const answer = await client.post('/api/auth/login', { email, password, ...overrides });
  expect(answer.status, answer.text).toBe(200);
  return answer;
}
