import type { CleanUp } from './clean-up.ts';
import type { Config } from './config.ts';
import type { SigningKeySet } from './crypto/jwt.ts';
import type { Keyring } from './crypto/keyring.ts';
import type { Database } from './db/client.ts';
import type { Effects } from './db/effects.ts';
import type { ExportPart } from './db/export-part.ts';
import type { RequestMetadata } from './http/request-metadata.ts';
import type { Mailer } from './mail/mailer.ts';
import type { PasswordHasher } from './password-hasher.ts';

/** All that a flow may reach. One per request; nothing in it is shared between requests but immutable values. */
export interface Deps {
  readonly config: Config;
  readonly db: Database;
  /** The Worker's clock, in milliseconds since the epoch. What is stored expires by the database's clock instead. */
  readonly now: () => number;
  /** Who is asking: address, place and browser as the edge reports them. */
  readonly metadata: RequestMetadata;
  readonly keyring: Keyring;
  readonly keys: SigningKeySet;
  readonly hasher: PasswordHasher;
  readonly mail: Mailer;
  /** What features add to each other's statements. */
  readonly effects: Effects;
  /** What features hold about a user. */
  readonly exportParts: readonly ExportPart[];
  /** Every kind of rows whose time comes. */
  readonly cleanUps: readonly CleanUp[];
}
