import { createKeyring, type Keyring } from '../../src/crypto/keyring.ts';
import { type Fragment, sql } from '../../src/db/sql.ts';
import {
  createOneTimeToken,
  type OneTimeTokenKind,
} from '../../src/features/one-time-tokens/one-time-token.ts';
import { freshEmail } from './accounts.ts';
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

/** The links of an account, by kind. */
export type Links = Readonly<
  Record<'verify_email' | 'reset_password' | 'unlock' | 'not_me' | 'change_email' | 'revert_email', string>
>;

/** Stores a link of each kind for the user, as the flows that mail them do. */
export async function storeLinks(client: TestClient, user: LinkOwner): Promise<Links> {
  const { links, statement } = newLinks(keyringOf(client), user);
  await openDatabase(String(client.env.DATABASE_URL)).query(statement);
  return links;
}

/** The same links, and the statement that stores them. */
export function newLinks(keyring: Keyring, { id, email }: LinkOwner): { links: Links; statement: Fragment } {
  const link = (kind: keyof Links, target: string | null = null) => ({
    ...createOneTimeToken(keyring, kind),
    ...{ address: target ?? email, target },
  });
  const links = [
    ...[link('verify_email'), link('reset_password'), link('unlock'), link('not_me')],
    ...[link('change_email', freshEmail()), link('revert_email', freshEmail())],
  ];
  return {
    links: Object.fromEntries(links.map(({ kind, token }) => [kind, token])) as Links,
    statement: sql`
      INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, expires_at)
      SELECT decode(l.hash, 'hex'), l.kind, ${id}::uuid, l.address, l.target, now() + make_interval(secs => l."ttlSeconds")
      FROM json_to_recordset(${JSON.stringify(links)}::json)
        AS l(hash text, kind text, address text, target text, "ttlSeconds" int)`,
  };
}

/** A token with a good MAC that the database has never seen. */
export function forgeLink(client: TestClient, kind: OneTimeTokenKind) {
  return createOneTimeToken(keyringOf(client), kind);
}

function keyringOf({ env }: TestClient): Keyring {
  const secret = atob(String(env.AUTH_SECRET));
  return createKeyring(Uint8Array.from(secret, (character) => character.charCodeAt(0)));
}
