import { inject } from 'vitest';
import type { RevokedToken, TokenRequest } from './node/stand-ins/records.ts';

/** The issuer of a discovery variant: see test/support/node/stand-ins/oidc.ts. */
export function standInIssuer(variant: string): string {
  return `${inject('standInsUrl')}/oidc/${variant}`;
}

/** How often the stand-ins were asked for a path, such as `/api.github.com/user` or `/oidc/good/jwks`. */
export async function standInHits(path: string): Promise<number> {
  const { count } = await ask<{ count: number }>(`/hits?path=${encodeURIComponent(path)}`);
  return count;
}

/** What was sent to a token endpoint with the code, oldest first. */
export async function tokenRequestsWith(code: string): Promise<readonly TokenRequest[]> {
  return ask(`/token-requests?code=${encodeURIComponent(code)}`);
}

/** The tokens that were revoked at Apple. */
export async function revokedAtApple(): Promise<readonly RevokedToken[]> {
  return ask('/revocations');
}

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(`${inject('standInsUrl')}${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}
