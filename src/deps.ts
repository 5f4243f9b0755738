import type { Config } from './config.ts';
import type { SigningKeySet } from './crypto/jwt.ts';
import type { Keyring } from './crypto/keyring.ts';
import type { VerifiedTokens } from './crypto/verified-tokens.ts';
import type { Database } from './db/client.ts';
import type { FoldedFeatures } from './feature.ts';
import type { Mailer } from './mail/mailer.ts';
import type { PasswordHasher } from './password-hasher.ts';
import type { RequestMetadata } from './request-metadata.ts';

/** What features say in their manifests: gates, factors, ways to authenticate again, credentials, tables, parts of an export, clean-ups. */
export type Registered = Omit<FoldedFeatures, 'routes'>;

/** What a flow of a hot route may use. One per request; only immutable values are shared between requests. */
export interface HotDeps {
  readonly config: Config;
  readonly db: Database;
  /** The Worker's clock, in milliseconds since the epoch. Stored rows expire by the database's clock. */
  readonly now: () => number;
  /** Who sent the request: address, place and browser as Cloudflare reports them. */
  readonly metadata: RequestMetadata;
  readonly keyring: Keyring;
  readonly keys: SigningKeySet;
  /** Verifies access tokens; it remembers those that were valid. */
  readonly accessTokens: VerifiedTokens;
  readonly hasher: PasswordHasher;
  readonly mail: Mailer;
  /** What all features say, for the rare case in which a hot route needs it: it is evaluated then. */
  readonly loadFeatures: () => Promise<Registered>;
}

/** Everything that a flow may use. */
export interface Deps extends HotDeps {
  readonly features: Registered;
}
