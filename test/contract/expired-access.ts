import { decodeJwt } from 'jose';
import { signAccessToken } from '../../src/access-tokens/access-token.ts';
import { loadRuntime } from '../../src/runtime.ts';
import type { TestClient } from '../support/client.ts';
import type { Caller } from './route-table.ts';

/** The cookies of a browser whose access token has expired, while its refresh token lives. */
export async function withExpiredAccess(
  { env }: TestClient,
  { accessToken, cookies }: Caller,
): Promise<Readonly<Record<string, string>>> {
  const runtime = await loadRuntime(env);
  if (runtime instanceof Error) throw runtime;
  const { sub, sid, auth_time, amr } = decodeJwt<{ sid: string; auth_time: number; amr: string[] }>(
    accessToken,
  );
  const claims = { userId: sub ?? '', sessionId: sid, authTime: auth_time, amr };
  const anHourAgo = Date.now() - 3_600_000;
  const expired = await signAccessToken(runtime.keys, runtime.config.accessToken, claims, anHourAgo);
  return { ...cookies, '__Host-nexora_access': expired };
}
