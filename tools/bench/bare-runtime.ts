import { type NeonQueryFunction, neon, neonConfig } from '@neondatabase/serverless';
import { importJWK, type JWK } from 'jose';
import { RootKey } from '../../src/crypto/root-key.ts';

/** The variables of the bare Worker. The secrets are those of the service, so that both accept the same tokens. */
export interface BareEnv {
  readonly DATABASE_URL: string;
  readonly DATABASE_HTTP_ENDPOINT: string;
  readonly ISSUER: string;
  readonly SIGNING_KEYS: string;
  readonly AUTH_SECRET: string;
}

/** What the bare Worker makes of its variables with the first request. */
export interface BareRuntime {
  readonly query: NeonQueryFunction<false, false>;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /**
   * HMAC-SHA-256 of refresh tokens by WebCrypto, which takes 2 us of CPU for 21 bytes, and 5 us by @noble/hashes (a
   * thousand at once in workerd 1.20261117).
   */
  readonly macKey: CryptoKey;
}

/** The lifetime of an access token of the service. */
export const accessTokenTtlSeconds = 900;

let prepared: BareRuntime | undefined;

/** Returns the runtime, which is made once. */
export async function prepare(env: BareEnv): Promise<BareRuntime> {
  prepared ??= await create(env);
  return prepared;
}

async function create(env: BareEnv): Promise<BareRuntime> {
  neonConfig.fetchEndpoint = () => env.DATABASE_HTTP_ENDPOINT;
  const [{ d, ...publicJwk } = {} as JWK] = JSON.parse(env.SIGNING_KEYS) as JWK[];
  const { kty, crv, x, y, kid = '' } = publicJwk;
  const secret = new RootKey(base64Bytes(env.AUTH_SECRET)).subKey('refresh-token');
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  return {
    query: neon(env.DATABASE_URL, { disableWarningInBrowsers: true }),
    kid,
    privateKey: (await importJWK({ kty, crv, x, y, d } as JWK, 'ES256')) as CryptoKey,
    publicKey: (await importJWK({ kty, crv, x, y } as JWK, 'ES256')) as CryptoKey,
    macKey: await crypto.subtle.importKey('raw', secret, hmac, false, ['sign', 'verify']),
  };
}

function base64Bytes(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
