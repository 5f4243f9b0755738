import { type PrivateSigningJwk, parseSigningKeys } from './crypto/jwt.ts';
import type { DatabaseSettings } from './db/client.ts';
import { type Mailbox, parseMailbox } from './mail/mailbox.ts';
import { ConfigError, VariableReader, type Variables } from './variable-reader.ts';

/** What Cloudflare passes to the Worker: variables, secrets and bindings. Only this file reads it. */
export interface Env extends Variables {
  readonly RATE_LIMIT_KV?: KVNamespace;
  readonly RATE_LIMITER?: RateLimit;
  readonly EMAIL?: SendEmail;
}

/** The bindings among them. Each is optional: the service works without it. */
export interface Bindings {
  /** Shares the counts of the rate limiter between isolates. */
  readonly rateLimitKv: KVNamespace | undefined;
  /** Cloudflare's own rate limiter, asked before ours. */
  readonly rateLimiter: RateLimit | undefined;
  /** Cloudflare's Email Service, for MAIL_TRANSPORT=cloudflare. */
  readonly emailSender: SendEmail | undefined;
}

/** The validated configuration. docs/configuration.md describes each variable and its default. */
export interface Config {
  readonly isDevelopment: boolean;
  /** Public origin of the service, without a trailing slash. */
  readonly baseUrl: string;
  readonly database: DatabaseSettings;
  readonly authSecret: Uint8Array;
  readonly authSecretPrevious: Uint8Array | undefined;
  readonly signingKeys: readonly PrivateSigningJwk[];
  readonly accessToken: { readonly issuer: string; readonly audience: string; readonly ttlSeconds: number };
  readonly session: {
    readonly ttlSeconds: number;
    readonly idleTtlSeconds: number;
    readonly refreshGraceSeconds: number;
    readonly legacyRefreshCookie: string | null;
  };
  readonly allowedOrigins: ReadonlySet<string>;
  readonly password: {
    /** Code points. */
    readonly minLength: number;
    readonly isBreachCheckEnabled: boolean;
    /** Without a trailing slash. */
    readonly breachUrl: string;
  };
  readonly emailVerification: 'off' | 'optional' | 'required';
  readonly mail: {
    readonly transport: 'log' | 'outbox' | 'http' | 'resend' | 'cloudflare';
    /** `no-reply` at the host of BASE_URL by default. */
    readonly from: Mailbox;
    /** May contain a key: never logged. */
    readonly httpUrl: string | null;
    readonly resendApiKey: string | null;
  };
  readonly isDemoEnabled: boolean;
  readonly loginAttempts: { readonly max: number; readonly windowSeconds: number };
  readonly rateLimitPerMinute: number;
  /** Checked by the routes that need them, so that a bad secret closes only those. */
  readonly cronSecret: string | null;
  readonly adminSecret: string | null;
  readonly identityProviders: {
    readonly google: ProviderCredentials | null;
    readonly github: ProviderCredentials | null;
    readonly microsoft: ProviderCredentials | null;
    readonly apple: ProviderCredentials | null;
    /** JSON as configured. Social sign-in parses it, so that a bad provider disables only itself. */
    readonly oidc: string | null;
  };
}

export interface ProviderCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * Validates every variable that the whole service needs.
 * @throws ConfigError with the names of all missing or wrong variables, never their values
 */
export function parseConfig(env: Env): Config {
  const read = new VariableReader(env);
  const isDevelopment =
    read.oneOf('ENVIRONMENT', ['production', 'development'], 'production') === 'development';
  const baseUrl = read.origin('BASE_URL') ?? '';
  const audience = read.text('ACCESS_TOKEN_AUDIENCE') ?? baseUrl;
  const config: Config = {
    isDevelopment,
    baseUrl,
    database: {
      url: read.databaseUrl('DATABASE_URL') ?? '',
      endpoint: read.url('DATABASE_HTTP_ENDPOINT'),
      timeoutMs: read.integer('DATABASE_TIMEOUT_MS', 2500, 100, 8000),
    },
    authSecret: read.secretBytes('AUTH_SECRET', 32) ?? read.missing('AUTH_SECRET', new Uint8Array()),
    authSecretPrevious: read.secretBytes('AUTH_SECRET_PREVIOUS', 32),
    signingKeys: read.parsed('SIGNING_KEYS', parseSigningKeys) ?? [],
    accessToken: {
      issuer: baseUrl,
      audience,
      ttlSeconds: read.integer('ACCESS_TOKEN_TTL_SECONDS', 900, 1, 900),
    },
    session: {
      ttlSeconds: read.integer('SESSION_TTL_SECONDS', 2_592_000, 1, 34_560_000),
      idleTtlSeconds: read.integer('SESSION_IDLE_TTL_SECONDS', 1_209_600, 1, 34_560_000),
      refreshGraceSeconds: read.integer('REFRESH_GRACE_SECONDS', 30, 0, 30),
      legacyRefreshCookie: read.cookieName('LEGACY_REFRESH_COOKIE'),
    },
    allowedOrigins: read.origins('ALLOWED_ORIGINS'),
    password: {
      minLength: read.integer('PASSWORD_MIN_LENGTH', 8, 8, 64),
      isBreachCheckEnabled: read.boolean('BREACHED_PASSWORD_CHECK', true),
      breachUrl: (read.url('HIBP_URL') ?? 'https://api.pwnedpasswords.com').replace(/\/$/, ''),
    },
    emailVerification: read.oneOf('EMAIL_VERIFICATION', ['off', 'optional', 'required'], 'optional'),
    mail: {
      transport: read.oneOf('MAIL_TRANSPORT', ['log', 'outbox', 'http', 'resend', 'cloudflare'], 'log'),
      from: read.parsed('MAIL_FROM', parseMailbox) ?? { name: null, address: `no-reply@${hostOf(baseUrl)}` },
      httpUrl: read.url('MAIL_HTTP_URL'),
      resendApiKey: read.headerSecret('RESEND_API_KEY'),
    },
    isDemoEnabled: read.boolean('DEMO_MODE', false),
    loginAttempts: {
      max: read.integer('LOGIN_ATTEMPTS_MAX', 10, 1, 100),
      windowSeconds: read.integer('LOGIN_WINDOW_SECONDS', 900, 1, 86_400),
    },
    rateLimitPerMinute: read.integer('RATE_LIMIT_PER_MINUTE', 60, 1, 100_000),
    cronSecret: read.text('CRON_SECRET'),
    adminSecret: read.text('ADMIN_SECRET'),
    identityProviders: {
      google: providerCredentials(read, 'GOOGLE'),
      github: providerCredentials(read, 'GITHUB'),
      microsoft: providerCredentials(read, 'MICROSOFT'),
      apple: providerCredentials(read, 'APPLE'),
      oidc: read.text('OIDC_PROVIDERS'),
    },
  };
  checkTogether(read, config, readBindings(env));
  if (read.problems.size > 0) throw new ConfigError([...read.problems]);
  return config;
}

/** The bindings of this environment. */
export function readBindings(env: Env): Bindings {
  return { rateLimitKv: env.RATE_LIMIT_KV, rateLimiter: env.RATE_LIMITER, emailSender: env.EMAIL };
}

function checkTogether(read: VariableReader, config: Config, { emailSender }: Bindings): void {
  for (const name of ['BASE_URL', 'DATABASE_URL', 'SIGNING_KEYS'] as const) {
    if (read.text(name) === null) read.missing(name, null);
  }
  if (config.isDemoEnabled && !config.isDevelopment) read.refuse('DEMO_MODE');
  const { transport, httpUrl, resendApiKey } = config.mail;
  // Nobody could register: production never logs the link.
  if (config.emailVerification === 'required' && transport === 'log' && !config.isDevelopment)
    read.refuse('MAIL_TRANSPORT');
  if (transport === 'outbox' && !config.isDevelopment) read.refuse('MAIL_TRANSPORT');
  if (transport === 'http' && httpUrl === null) read.refuse('MAIL_HTTP_URL');
  if (transport === 'resend' && resendApiKey === null) read.refuse('RESEND_API_KEY');
  // A plain variable of that name is not a binding.
  if (transport === 'cloudflare' && typeof emailSender?.send !== 'function') read.refuse('EMAIL');
  // Both providers refuse unknown senders, so the default sender would only fail later.
  if ((transport === 'resend' || transport === 'cloudflare') && read.text('MAIL_FROM') === null)
    read.refuse('MAIL_FROM');
}

/** The host without the port; empty when the URL is invalid. */
function hostOf(origin: string): string {
  return URL.parse(origin)?.hostname ?? '';
}

// A provider without both values is off, and only that provider (OAU-18).
function providerCredentials(read: VariableReader, prefix: string): ProviderCredentials | null {
  const clientId = read.text(`${prefix}_CLIENT_ID`);
  const clientSecret = read.text(`${prefix}_CLIENT_SECRET`);
  return clientId === null || clientSecret === null ? null : { clientId, clientSecret };
}
