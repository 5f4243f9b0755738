import { boolean, integer, url } from './parsers.ts';
import type { Variables } from './variable.ts';

export const passwordVariables = {
  /** Code points. */
  minLength: {
    name: 'PASSWORD_MIN_LENGTH',
    parse: integer(8, 64),
    default: '8',
    meaning: 'code points; the longest password has 256',
  },
  isBreachCheckEnabled: {
    name: 'BREACHED_PASSWORD_CHECK',
    parse: boolean,
    default: 'true',
    meaning: 'asks Have I Been Pwned about a password that is being set; `npm run dev` writes `false`',
  },
  /** Without a trailing slash. */
  breachUrl: {
    name: 'HIBP_URL',
    parse: (text: string) => url(text).replace(/\/$/, ''),
    default: 'https://api.pwnedpasswords.com',
    meaning: 'another service that speaks its range protocol',
  },
} as const satisfies Variables;

export const loginAttemptVariables = {
  max: {
    name: 'LOGIN_ATTEMPTS_MAX',
    parse: integer(1, 100),
    default: '10',
    meaning: 'attempts per account and class of device, in a fixed window',
  },
  windowSeconds: {
    name: 'LOGIN_WINDOW_SECONDS',
    parse: integer(1, 86_400),
    default: '900',
    meaning: 'that window, from the first attempt on',
  },
} as const satisfies Variables;
