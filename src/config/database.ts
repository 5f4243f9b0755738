import { databaseUrl, integer, url } from './parsers.ts';
import type { Variables } from './variable.ts';

/** The members of `DatabaseSettings`. */
export const databaseVariables = {
  url: {
    name: 'DATABASE_URL',
    parse: databaseUrl,
    isRequired: true,
    meaning: 'the database',
    isSecret: true,
  },
  endpoint: {
    name: 'DATABASE_HTTP_ENDPOINT',
    parse: url,
    default: null,
    meaning:
      "another endpoint that speaks Neon's SQL over HTTP; without it the driver derives Neon's own from DATABASE_URL",
  },
  timeoutMs: {
    name: 'DATABASE_TIMEOUT_MS',
    parse: integer(100, 8000),
    default: '2500',
    meaning: 'longest wait for one answer; a request spends at most 8 s on the database',
  },
} as const satisfies Variables;
