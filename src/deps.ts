import type { VerifiedTokens } from './access-tokens/verified-tokens.ts';
import type { CleanUp } from './clean-up/clean-up.ts';
import type { Config } from './config.ts';
import type { Keyring } from './crypto/keyring.ts';
import type { SigningKeySet } from './crypto/signing-keys.ts';
import type { Database } from './db/client.ts';
import type { ExportPart } from './db/export-part.ts';
import type { PasswordHasher } from './hashing/password-hasher.ts';
import type { Credentials } from './joints/closing.ts';
import type { Gate } from './joints/gate.ts';
import type { OwnedTable } from './joints/owned-table.ts';
import type { ReauthenticationMethod } from './joints/reauthentication.ts';
import type { SecondFactor } from './joints/second-factor.ts';
import type { SignInCompletion } from './joints/sign-in-completion.ts';
import type { Mailer } from './mail/mailer.ts';
import type { RequestMetadata } from './request/request-metadata.ts';

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
  /** Verifies access tokens; it remembers those that were valid. */
  readonly accessTokens: VerifiedTokens;
  readonly hasher: PasswordHasher;
  readonly mail: Mailer;
  /** What all features say for others, loaded when it is first asked for: most requests need nothing of it. */
  readonly loadRules: () => Promise<Rules>;
}

/** What features say for the flows of others, in the order of their manifests. */
export interface Rules {
  /** Conditions for every sensitive route, in the order in which they refuse. */
  readonly gates: readonly Gate[];
  /** Second factors that keep a sign-in from opening a session. */
  readonly secondFactors: readonly SecondFactor<Deps>[];
  /** What sign-ins do once they are complete. */
  readonly signInCompletions: readonly SignInCompletion[];
  /** Ways to authenticate again, by which a session becomes recent. */
  readonly reauthentications: readonly ReauthenticationMethod<Deps>[];
  /** Kinds of credential, and what each occasion does to them. */
  readonly credentials: readonly Credentials[];
  /** Their tables that name a user. */
  readonly tables: readonly OwnedTable[];
  readonly exportParts: readonly ExportPart[];
  readonly cleanUps: readonly CleanUp[];
}
