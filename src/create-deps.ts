import type { Deps } from './deps.ts';
import { type ClientInfo, readClientInfo } from './http/client-info.ts';
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
  { config, keys, secrets, openDatabase }: Runtime,
  request: Request,
  requestId: string,
  now: () => number,
): Deps {
  let known: ClientInfo | undefined;
  // Most requests record nothing about their client.
  const client = () => {
    known ??= readClientInfo(request, requestId);
    return known;
  };
  return {
    ...registered,
    ...{ config, keys, secrets, now, db: openDatabase() },
    hasher: createPasswordHasher(config.isDevelopment),
    mail: createMailer(secrets, client),
    get client() {
      return client();
    },
  };
}
