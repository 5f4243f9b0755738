import type { Deps } from '../../deps.ts';
import type { IssuedTokens, Transport } from '../sessions/index.ts';
import { signDemoAccessToken } from './access-token.ts';
import { type DemoSession, secondsLeft } from './demo-session.ts';
import { encodeDemoToken } from './refresh-token.ts';

/** Issues the tokens of a demo session that has not ended, for each of the transports. Needs no database. */
export async function issueDemoTokens(
  deps: Deps,
  session: DemoSession,
  transports: readonly Transport[],
): Promise<IssuedTokens> {
  const { token, expiresIn } = await signDemoAccessToken(deps, session);
  const refreshTokens = transports.map((transport) => [
    transport,
    encodeDemoToken(deps.keyring, { ...session, transport }),
  ]);
  return {
    accessToken: token,
    expiresIn,
    refreshTokens: Object.fromEntries(refreshTokens),
    refreshExpiresIn: secondsLeft(session, deps.now),
  };
}
