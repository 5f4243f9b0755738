import { anyText, cookieName, integer } from './parsers.ts';
import type { Variables } from './variable.ts';

export const accessTokenVariables = {
  audience: {
    name: 'ACCESS_TOKEN_AUDIENCE',
    parse: anyText,
    default: null,
    meaning: '`aud` of access tokens',
    defaultInWords: 'BASE_URL',
  },
  ttlSeconds: {
    name: 'ACCESS_TOKEN_TTL_SECONDS',
    parse: integer(1, 900),
    default: '900',
    meaning: 'how long an access token lives',
  },
} as const satisfies Variables;

export const sessionVariables = {
  ttlSeconds: {
    name: 'SESSION_TTL_SECONDS',
    parse: integer(1, 34_560_000),
    default: '2592000',
    meaning: 'absolute end of a session',
  },
  idleTtlSeconds: {
    name: 'SESSION_IDLE_TTL_SECONDS',
    parse: integer(1, 34_560_000),
    default: '1209600',
    meaning: 'its end without a refresh',
  },
  refreshGraceSeconds: {
    name: 'REFRESH_GRACE_SECONDS',
    parse: integer(0, 30),
    default: '30',
    meaning: 'how long a refresh token that was just replaced is still answered; 0 for not at all',
  },
  legacyRefreshCookie: {
    name: 'LEGACY_REFRESH_COOKIE',
    parse: cookieName,
    default: null,
    meaning:
      'the refresh cookie of the legacy application: refresh and logout read it, percent-decoded as Next.js writes it, and clear it once its session has been upgraded; to be removed 30 days after the move',
  },
} as const satisfies Variables;
