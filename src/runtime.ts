import { VerifiedTokens } from './access-tokens/verified-tokens.ts';
import { ConfigError } from './config/variable-reader.ts';
import { type Config, type Env, parseConfig, readBindings } from './config.ts';
import { createKeyring, type Keyring } from './crypto/keyring.ts';
import { importSigningKeys, type SigningKeySet } from './crypto/signing-keys.ts';
import { connect, type Database } from './db/client.ts';
import { RateLimiter } from './rate-limit/rate-limiter.ts';

/**
 * What an isolate prepares once: immutable values made from the configuration, the counts of its rate limiter, and the
 * access tokens that it has verified.
 */
export interface Runtime {
  readonly config: Config;
  readonly keys: SigningKeySet;
  readonly accessTokens: VerifiedTokens;
  readonly keyring: Keyring;
  readonly openDatabase: () => Database;
  readonly limiter: RateLimiter;
  /** Cloudflare's Email Service, where it is bound. */
  readonly emailSender: SendEmail | undefined;
}

// Values, not promises: a promise left behind by a cancelled request would hang every later one (T21).
const prepared = new WeakMap<Env, Runtime | ConfigError>();

/** The runtime of this environment, or the reason why there is none, once either is known. */
export function knownRuntime(env: Env): Runtime | ConfigError | undefined {
  return prepared.get(env);
}

/** Returns the runtime of this environment, or the reason why there is none. Either is computed once and remembered. */
export async function loadRuntime(env: Env): Promise<Runtime | ConfigError> {
  const known = knownRuntime(env);
  if (known !== undefined) return known;
  const fresh = await prepare(env);
  // When several requests prepare it at once, the first one stays, since its limiter has counted already.
  const runtime = prepared.get(env) ?? fresh;
  prepared.set(env, runtime);
  return runtime;
}

async function prepare(env: Env): Promise<Runtime | ConfigError> {
  try {
    const config = parseConfig(env);
    const keys = await importSigningKeys(config.signingKeys).catch(() => {
      throw new ConfigError(['SIGNING_KEYS']);
    });
    const keyring = createKeyring(config.authSecret, config.authSecretPrevious);
    const { rateLimitKv: kv, rateLimiter: gate, emailSender } = readBindings(env);
    const limiter = new RateLimiter({ perMinute: config.rateLimitPerMinute, keyring, kv, gate });
    const openDatabase = connect(config.database);
    const accessTokens = new VerifiedTokens(keys, config.accessToken);
    return { config, keys, accessTokens, keyring, openDatabase, limiter, emailSender };
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}
