import type { Argon2Parameters } from './crypto/argon2id.ts';
import type { HotDeps, Registered } from './deps.ts';
import type { Feature } from './feature.ts';
import { readRequestMetadata } from './http/request-metadata.ts';
import { createMailer, type Mailer } from './mail/mailer.ts';
import { createPasswordHasher, type HashCost, noHashes, type PasswordHasher } from './password-hasher.ts';
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

/** The dependencies of one request. What most requests do not need is made when it is first asked for. */
export class RequestDeps implements HotDeps {
  readonly config: HotDeps['config'];
  readonly db: HotDeps['db'];
  readonly now: HotDeps['now'];
  readonly keyring: HotDeps['keyring'];
  readonly keys: HotDeps['keys'];
  readonly accessTokens: HotDeps['accessTokens'];
  readonly loadFeatures: HotDeps['loadFeatures'];
  readonly #request: Request;
  readonly #requestId: string;
  readonly #argon2Parameters: Argon2Parameters | undefined;
  #metadata: RequestMetadata | undefined;
  #hasher: PasswordHasher | undefined;
  #mail: Mailer | undefined;

  constructor(
    runtime: Runtime,
    request: Request,
    requestId: string,
    loadFeatures: () => Promise<Registered>,
    { now = Date.now, argon2Parameters }: AppOptions,
  ) {
    this.config = runtime.config;
    this.db = runtime.openDatabase();
    this.now = now;
    this.keyring = runtime.keyring;
    this.keys = runtime.keys;
    this.accessTokens = runtime.accessTokens;
    this.loadFeatures = loadFeatures;
    this.#request = request;
    this.#requestId = requestId;
    this.#argon2Parameters = argon2Parameters;
  }

  get metadata(): RequestMetadata {
    this.#metadata ??= readRequestMetadata(this.#request, this.#requestId);
    return this.#metadata;
  }

  get hasher(): PasswordHasher {
    this.#hasher ??= createPasswordHasher(this.config.isDevelopment, this.#argon2Parameters);
    return this.#hasher;
  }

  get mail(): Mailer {
    this.#mail ??= createMailer(this.keyring, () => this.metadata);
    return this.#mail;
  }

  /** Whether mails wait for the end of this request: asked without making a mailer. */
  get isMailDue(): boolean {
    return this.#mail?.isDue ?? false;
  }

  /** What the hashes of this request have cost: likewise. */
  get hashed(): HashCost {
    return this.#hasher ?? noHashes;
  }
}
