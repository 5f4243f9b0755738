import { signAccessToken, verifyAccessToken } from '../../access-tokens/access-token.ts';
import type { Deps } from '../../deps.ts';
import { type DemoSession, secondsLeft } from './demo-session.ts';
import { demoUser } from './demo-user.ts';

/**
 * Signs an access token for the demo session. It lives as long as any other, but never longer than the demo session.
 */
export async function signDemoAccessToken(
  { keys, config, now }: Deps,
  session: DemoSession,
): Promise<{ readonly token: string; readonly expiresIn: number }> {
  const expiresIn = Math.min(config.accessToken.ttlSeconds, secondsLeft(session, now));
  const settings = { ...config.accessToken, ttlSeconds: expiresIn };
  const claims = { ...session, userId: demoUser.id, amr: ['pwd'], demo: true } as const;
  return { token: await signAccessToken(keys, settings, claims, now()), expiresIn };
}

/** Returns the demo session of an access token, null for any other token. `ignoreExpiry` is for logout. */
export async function verifyDemoAccessToken(
  { keys, config, now }: Deps,
  token: string,
  options: { readonly ignoreExpiry?: boolean } = {},
): Promise<DemoSession | null> {
  const claims = await verifyAccessToken(keys, config.accessToken, token, now(), { ...options, demo: true });
  if (claims?.userId !== demoUser.id) return null;
  return { sessionId: claims.sessionId, authTime: claims.authTime };
}
