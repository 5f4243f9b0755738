import type { Argon2Parameters } from './crypto/argon2id.ts';
import type { Deps } from './deps.ts';
import {
  createPasswordHasher,
  type HashCost,
  noHashes,
  type PasswordHasher,
} from './hashing/password-hasher.ts';
import { readRequestMetadata } from './http/request-metadata.ts';
import { createMailer, type Mailer } from './mail/mailer.ts';
import type { RequestMetadata } from './request/request-metadata.ts';
import type { Runtime } from './runtime.ts';

/** What a test may replace. The deployed service passes none of it, and no variable of the environment sets it. */
export interface DepsOptions {
  /** The Worker's clock in milliseconds since the epoch; tests move it. */
  readonly now?: () => number;
  /** What a password hash costs; tests make it cheap. Undefined and absent are the cost of production. */
  readonly argon2Parameters?: Argon2Parameters | undefined;
}

/** The dependencies of one request. What most requests do not need is made when it is first asked for. */
export class RequestDeps implements Deps {
  readonly config: Deps['config'];
  readonly db: Deps['db'];
  readonly now: Deps['now'];
  readonly keyring: Deps['keyring'];
  readonly keys: Deps['keys'];
  readonly accessTokens: Deps['accessTokens'];
  readonly loadRules: Deps['loadRules'];
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
    loadRules: Deps['loadRules'],
    { now = Date.now, argon2Parameters }: DepsOptions,
  ) {
    this.config = runtime.config;
    this.db = runtime.openDatabase();
    this.now = now;
    this.keyring = runtime.keyring;
    this.keys = runtime.keys;
    this.accessTokens = runtime.accessTokens;
    this.loadRules = loadRules;
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

  /** What the hashes of this request have cost: asked without making a hasher. */
  get hashed(): HashCost {
    return this.#hasher ?? noHashes;
  }
}
