import { parseSigningKeys } from '../crypto/signing-keys.ts';
import { anyText, boolean, integer, oneOf, origin, origins, secretBytes } from './parsers.ts';
import type { Variables } from './variable.ts';

const environment = oneOf(['production', 'development']);
const registration = oneOf(['open', 'closed']);

/** What belongs to no part of the service alone. */
export const serviceVariables = {
  /** Public origin of the service, without a trailing slash. */
  baseUrl: {
    name: 'BASE_URL',
    parse: origin,
    isRequired: true,
    meaning:
      'public origin of the service: issuer of tokens, base of links in mails, own origin of pages. https, or http on this machine',
  },
  authSecret: {
    name: 'AUTH_SECRET',
    parse: secretBytes(32),
    isRequired: true,
    meaning: 'root of the keyring: all MACs and seals',
    isSecret: true,
  },
  signingKeys: {
    name: 'SIGNING_KEYS',
    parse: parseSigningKeys,
    isRequired: true,
    meaning:
      'with `kid` and `alg` (ES256, EdDSA, RS256 of 2048 bits or more); the first signs access tokens, all verify',
    isSecret: true,
  },
  isDevelopment: {
    name: 'ENVIRONMENT',
    parse: (text: string) => environment(text) === 'development',
    default: 'production',
    meaning:
      'development shows durations in `Server-Timing`, opens `init-db` and the outbox page, and the clean-up without a secret',
  },
  allowedOrigins: {
    name: 'ALLOWED_ORIGINS',
    parse: origins,
    default: '',
    meaning: 'other origins whose pages may call with cookies; no wildcards',
  },
  authSecretPrevious: {
    name: 'AUTH_SECRET_PREVIOUS',
    parse: secretBytes(32),
    default: null,
    meaning: 'the one before while it is being replaced: verifies and opens only',
    isSecret: true,
  },
  /** Checked by the routes that need it, so that a bad secret closes only those; ADMIN_SECRET likewise. */
  cronSecret: {
    name: 'CRON_SECRET',
    parse: anyText,
    default: null,
    meaning: 'what the caller of the clean-up route presents; cron triggers need none',
    isSecret: true,
  },
  adminSecret: {
    name: 'ADMIN_SECRET',
    parse: anyText,
    default: null,
    meaning: 'what the caller of the routes on users presents; without it there are no such routes',
    isSecret: true,
  },
  isDemoEnabled: {
    name: 'DEMO_MODE',
    parse: boolean,
    default: 'false',
    meaning: 'lets the demo user in; refused in production',
  },
  /** Whether new accounts can be made: asked by every flow that would make one. */
  isRegistrationOpen: {
    name: 'REGISTRATION',
    parse: (text: string) => registration(text) === 'open',
    default: 'open',
    meaning:
      'closed: no new account by any way, nor of a registration that waits for its verification; the accounts that are there go on',
  },
  rateLimitPerMinute: {
    name: 'RATE_LIMIT_PER_MINUTE',
    parse: integer(1, 100_000),
    default: '60',
    meaning:
      "requests of a client address to the routes that take a password, an address, a one-time token or an operator's secret; ten times that to all others",
  },
  emailVerification: {
    name: 'EMAIL_VERIFICATION',
    parse: oneOf(['off', 'optional', 'required']),
    default: 'optional',
    meaning:
      'off: no mails at registration; optional: an account at once, and a mail to verify its address; required: no account before its address is verified',
  },
} as const satisfies Variables;
