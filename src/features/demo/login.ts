import type { Deps } from '../../deps.ts';
import type { IssuedTokens, Transport } from '../sessions/index.ts';
import { type User, userErrors } from '../users/index.ts';
import { demoPassword } from './demo-password.ts';
import { openDemoSession } from './demo-session.ts';
import { demoUser } from './demo-user.ts';
import { issueDemoTokens } from './issue-tokens.ts';

/**
 * Signs in the demo user, for both transports when `transport` is undefined. It costs no hash and no round trip and
 * counts no attempt, so no visitor can lock out another one or use up the capacity of real users (DEM-07).
 * @throws AuthError invalid_credentials
 */
export async function login(
  deps: Deps,
  { password, transport }: { readonly password: string; readonly transport: Transport | undefined },
): Promise<{ readonly user: User; readonly tokens: IssuedTokens }> {
  // A plain comparison is enough: the password is public.
  if (password !== demoPassword) throw userErrors.invalid_credentials();
  const transports = transport === undefined ? (['cookie', 'body'] as const) : [transport];
  return { user: demoUser, tokens: await issueDemoTokens(deps, openDemoSession(deps.now), transports) };
}
