import type { Argon2Parameters } from './crypto/argon2id.ts';
import type { Deps } from './deps.ts';
import type { Feature } from './feature.ts';
import { readRequestMetadata } from './http/request-metadata.ts';
import { createMailer } from './mail/mailer.ts';
import { createPasswordHasher } from './password-hasher.ts';
import type { RequestMetadata } from './request-metadata.ts';
import type { Runtime } from './runtime.ts';

/** What a test may replace. The deployed service passes none of it, and no variable of the environment sets it. */
export interface AppOptions {
  /** The Worker's clock in milliseconds since the epoch; tests move it. */
  readonly now?: () => number;
  /** What a password hash costs; tests make it cheap. Undefined and absent are the cost of production. */
  readonly argon2Parameters?: Argon2Parameters | undefined;
  /** Features besides those of the service, such as a gate that refuses. */
  readonly features?: readonly Feature[];
}

/**
 * Builds the dependencies of one request.
 * @param registered what `app.ts` registers, the same for every request
 */
export function createDeps(
  registered: Pick<Deps, 'features'>,
  { config, keys, keyring, openDatabase }: Runtime,
  request: Request,
  requestId: string,
  { now = Date.now, argon2Parameters }: AppOptions,
): Deps {
  let known: RequestMetadata | undefined;
  // Read on first use: most requests do not need it.
  const metadata = () => {
    known ??= readRequestMetadata(request, requestId);
    return known;
  };
  return {
    ...registered,
    ...{ config, keys, keyring, now, db: openDatabase() },
    hasher: createPasswordHasher(config.isDevelopment, argon2Parameters),
    mail: createMailer(keyring, metadata),
    get metadata() {
      return metadata();
    },
  };
}
