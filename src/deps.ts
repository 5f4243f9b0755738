import type { Config } from './config.ts';
import type { SigningKeySet } from './crypto/jwt.ts';
import type { Keyring } from './crypto/keyring.ts';
import type { Database } from './db/client.ts';
import type { FoldedFeatures } from './feature.ts';
import type { Mailer } from './mail/mailer.ts';
import type { PasswordHasher } from './password-hasher.ts';
import type { RequestMetadata } from './request-metadata.ts';

/** Everything that a flow may use. One per request; only immutable values are shared between requests. */
export interface Deps {
  readonly config: Config;
  readonly db: Database;
  /** The Worker's clock, in milliseconds since the epoch. Stored rows expire by the database's clock. */
  readonly now: () => number;
  /** Who sent the request: address, place and browser as Cloudflare reports them. */
  readonly metadata: RequestMetadata;
  readonly keyring: Keyring;
  readonly keys: SigningKeySet;
  readonly hasher: PasswordHasher;
  readonly mail: Mailer;
  /** What features say in their manifests: gates, factors, ways to authenticate again, credentials, tables, parts of an export, clean-ups. */
  readonly features: Omit<FoldedFeatures, 'routes'>;
}
