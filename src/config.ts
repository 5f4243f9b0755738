import type { AccessTokenSettings } from './access-tokens/access-token.ts';
import { databaseVariables } from './config/database.ts';
import { providerVariables, redirectVariables } from './config/identity-providers.ts';
import { mailVariables } from './config/mail.ts';
import { brandVariables, pageVariables } from './config/pages.ts';
import { loginAttemptVariables, passwordVariables } from './config/passwords.ts';
import { serviceVariables } from './config/service.ts';
import { accessTokenVariables, sessionVariables } from './config/sessions.ts';
import { twoFactorVariables } from './config/two-factor.ts';
import type { ValuesOf } from './config/variable.ts';
import { type Environment, VariableReader } from './config/variable-reader.ts';
import type { DatabaseSettings } from './db/client.ts';
import type { Mailbox } from './mail/mailbox.ts';
import type { Brand } from './ui/brand.ts';

/** What Cloudflare passes to the Worker: variables, secrets and bindings. Only this file reads it. */
export interface Env extends Environment {
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

type ServiceValues = ValuesOf<typeof serviceVariables>;
/** What is configured for the identity providers. */
export type ProviderValues = ValuesOf<typeof providerVariables>;
type MailValues = ValuesOf<typeof mailVariables>;

/**
 * The validated configuration: the values of the variables that `src/config/` declares, under the names of their members.
 * docs/configuration.md describes each of them.
 */
export interface Config extends ServiceValues {
  readonly database: DatabaseSettings;
  readonly accessToken: AccessTokenSettings;
  readonly session: ValuesOf<typeof sessionVariables>;
  readonly password: ValuesOf<typeof passwordVariables>;
  /** From BRAND_NAME, `no-reply` at the host of BASE_URL, by default. */
  readonly mail: MailValues & { readonly from: Mailbox };
  readonly loginAttempts: ValuesOf<typeof loginAttemptVariables>;
  readonly twoFactor: ValuesOf<typeof twoFactorVariables>;
  /** As configured: social sign-in judges them, so that a bad provider disables only itself (OAU-18). */
  readonly providers: ProviderValues;
  readonly redirects: ValuesOf<typeof redirectVariables>;
  readonly pages: ValuesOf<typeof pageVariables>;
  readonly brand: Brand;
}

/**
 * Validates every variable that the whole service needs.
 * @throws ConfigError with the names of all missing or wrong variables, never their values
 */
export function parseConfig(env: Env): Config {
  const read = new VariableReader(env);
  const { service, accessToken, mail, brand, ...asTheyAre } = {
    service: read.values(serviceVariables),
    database: read.values(databaseVariables),
    accessToken: read.values(accessTokenVariables),
    session: read.values(sessionVariables),
    password: read.values(passwordVariables),
    loginAttempts: read.values(loginAttemptVariables),
    twoFactor: read.values(twoFactorVariables),
    mail: read.values(mailVariables),
    providers: read.values(providerVariables),
    redirects: read.values(redirectVariables),
    pages: read.values(pageVariables),
    brand: read.values(brandVariables),
  };
  checkTogether(read, service, mail, readBindings(env));
  read.throwProblems();
  const { baseUrl } = service;
  const sender = { name: brand.name, address: `no-reply@${new URL(baseUrl).hostname}` };
  return {
    ...service,
    ...asTheyAre,
    accessToken: { ...accessToken, issuer: baseUrl, audience: accessToken.audience ?? baseUrl },
    mail: { ...mail, from: mail.from ?? sender },
    brand: { ...brand, name: brand.name ?? new URL(baseUrl).host },
  };
}

/** The bindings of this environment. */
export function readBindings(env: Env): Bindings {
  return { rateLimitKv: env.RATE_LIMIT_KV, rateLimiter: env.RATE_LIMITER, emailSender: env.EMAIL };
}

/** What no variable can tell by itself. */
function checkTogether(
  read: VariableReader,
  { isDevelopment, isDemoEnabled, emailVerification }: ServiceValues,
  { transport, httpUrl, resendApiKey, from }: MailValues,
  { emailSender }: Bindings,
): void {
  if (isDemoEnabled && !isDevelopment) read.refuse('DEMO_MODE');
  // Nobody could register: production never logs the link.
  if (emailVerification === 'required' && transport === 'log' && !isDevelopment)
    read.refuse('MAIL_TRANSPORT');
  if (transport === 'outbox' && !isDevelopment) read.refuse('MAIL_TRANSPORT');
  if (transport === 'http' && httpUrl === null) read.refuse('MAIL_HTTP_URL');
  if (transport === 'resend' && resendApiKey === null) read.refuse('RESEND_API_KEY');
  // A plain variable of that name is not a binding.
  if (transport === 'cloudflare' && typeof emailSender?.send !== 'function') read.refuse('EMAIL');
  // Both providers refuse unknown senders, so the default sender would only fail later.
  if ((transport === 'resend' || transport === 'cloudflare') && from === null) read.refuse('MAIL_FROM');
}
