import type { Deps } from '../../deps.ts';
import { verifyDemoAccessToken } from './access-token.ts';
import { parseDemoToken } from './refresh-token.ts';

/** Whether there are tokens and all of them are the demo's, expired or not. */
export async function areOfDemo(
  deps: Deps,
  {
    refreshTokens,
    accessTokens,
  }: { readonly refreshTokens: readonly string[]; readonly accessTokens: readonly string[] },
): Promise<boolean> {
  const visits = [
    ...refreshTokens.map((token) => parseDemoToken(deps.keyring, token)),
    ...(await Promise.all(
      accessTokens.map((token) => verifyDemoAccessToken(deps, token, { ignoreExpiry: true })),
    )),
  ];
  return visits.length > 0 && !visits.includes(null);
}
