import { createKeyring } from '../../src/crypto/keyring.ts';
import { sql } from '../../src/db/sql.ts';
import {
  createOneTimeToken,
  type OneTimeTokenKind,
} from '../../src/features/one-time-tokens/one-time-token.ts';
import type { TestClient } from './client.ts';
import { openDatabase } from './database.ts';

/** Whose link it is, and where it was sent. */
export interface LinkOwner {
  readonly id: string;
  readonly email: string;
}

/** What a stored link holds beside its owner and their address. */
export interface LinkColumns {
  readonly target?: string;
  readonly bucket?: string;
}

/** Stores a token of a link as the service does when it mails one to the user, and returns it. */
export async function storeLink(
  client: TestClient,
  kind: OneTimeTokenKind,
  user: LinkOwner,
  { target, bucket }: LinkColumns = {},
): Promise<string> {
  const token = forgeLink(client, kind);
  await openDatabase(String(client.env.DATABASE_URL)).query(sql`
    INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, expires_at)
    VALUES (decode(${token.hash}, 'hex'), ${kind}, ${user.id}::uuid, ${user.email}, ${target ?? null}, ${bucket ?? null},
      now() + make_interval(secs => ${token.ttlSeconds}::int))`);
  return token.token;
}

/** A token with a good MAC that the database has never seen. */
export function forgeLink(client: TestClient, kind: OneTimeTokenKind) {
  const secret = atob(String(client.env.AUTH_SECRET));
  return createOneTimeToken(
    createKeyring(Uint8Array.from(secret, (character) => character.charCodeAt(0))),
    kind,
  );
}
