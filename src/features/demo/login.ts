import type { Deps } from '../../deps.ts';
import type { IssuedTokens, Transport } from '../sessions/index.ts';
import { type User, userErrors } from '../users/index.ts';
import { openDemoSession } from './demo-session.ts';
import { demoPassword, demoUser } from './demo-user.ts';
import { issueDemoTokens } from './issue-tokens.ts';

/**
 * Signs in the demo user, in both transports where `transport` is undefined. It takes no hash and no round trip and
 * counts nothing, so no visitor can lock out another or use up what real users need (DEM-07).
 * @throws AuthError invalid_credentials
 */
export async function login(
  deps: Deps,
  { password, transport }: { readonly password: string; readonly transport: Transport | undefined },
): Promise<{ readonly user: User; readonly tokens: IssuedTokens }> {
  // A plain comparison: the documentation says the password, so its time tells nothing.
  if (password !== demoPassword) throw userErrors.invalid_credentials();
  const transports = transport === undefined ? (['cookie', 'body'] as const) : [transport];
  return { user: demoUser, tokens: await issueDemoTokens(deps, openDemoSession(deps.now), transports) };
}
