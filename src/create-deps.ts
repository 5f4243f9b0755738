import type { Deps } from './deps.ts';
import { type RequestMetadata, readRequestMetadata } from './http/request-metadata.ts';
import { createMailer } from './mail/mailer.ts';
import { createPasswordHasher } from './password-hasher.ts';
import type { Runtime } from './runtime.ts';

/**
 * What the flows of one request work with.
 * @param registered what `app.ts` registers, the same for every request
 * @param now milliseconds since the epoch
 */
export function createDeps(
  registered: Pick<Deps, 'effects' | 'exportParts' | 'cleanUps'>,
  { config, keys, keyring, openDatabase }: Runtime,
  request: Request,
  requestId: string,
  now: () => number,
): Deps {
  let known: RequestMetadata | undefined;
  // Most requests record nothing about their client.
  const metadata = () => {
    known ??= readRequestMetadata(request, requestId);
    return known;
  };
  return {
    ...registered,
    ...{ config, keys, keyring, now, db: openDatabase() },
    hasher: createPasswordHasher(config.isDevelopment),
    mail: createMailer(keyring, metadata),
    get metadata() {
      return metadata();
    },
  };
}
