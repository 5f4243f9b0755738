import { type Config, type Env, parseConfig } from './config.ts';
import { importKeyRing, type KeyRing } from './crypto/jwt.ts';
import { createSecretRing, type SecretRing } from './crypto/secret-ring.ts';
import { connect, type Database } from './db/client.ts';
import { ConfigError } from './variable-reader.ts';

/** What the isolate prepares once: immutable values made from the configuration. */
export interface Runtime {
  readonly config: Config;
  readonly keys: KeyRing;
  readonly secrets: SecretRing;
  readonly openDatabase: () => Database;
}

// Values, never promises: a promise that a cancelled request leaves behind would hang every later one (SECURITY T21).
const prepared = new WeakMap<Env, Runtime | ConfigError>();

/** The runtime of this environment, or why there is none. Checked at first use and remembered either way. */
export async function loadRuntime(env: Env): Promise<Runtime | ConfigError> {
  const known = prepared.get(env);
  if (known !== undefined) return known;
  const fresh = await prepare(env);
  prepared.set(env, fresh);
  return fresh;
}

async function prepare(env: Env): Promise<Runtime | ConfigError> {
  try {
    const config = parseConfig(env);
    const keys = await importKeyRing(config.signingKeys).catch(() => {
      throw new ConfigError(['SIGNING_KEYS']);
    });
    const secrets = createSecretRing(config.authSecret, config.authSecretPrevious);
    return { config, keys, secrets, openDatabase: connect(config.database) };
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}
