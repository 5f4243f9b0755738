import { anyText } from './parsers.ts';
import type { Variables } from './variable.ts';

export const providerVariables = {
  googleId: {
    name: 'GOOGLE_CLIENT_ID',
    parse: anyText,
    default: null,
    meaning: 'of this service at Google',
  },
  googleSecret: {
    name: 'GOOGLE_CLIENT_SECRET',
    parse: anyText,
    default: null,
    meaning: 'its secret there',
    isSecret: true,
  },
  githubId: {
    name: 'GITHUB_CLIENT_ID',
    parse: anyText,
    default: null,
    meaning: 'of this service at GitHub',
  },
  githubSecret: {
    name: 'GITHUB_CLIENT_SECRET',
    parse: anyText,
    default: null,
    meaning: 'its secret there',
    isSecret: true,
  },
  microsoftId: {
    name: 'MICROSOFT_CLIENT_ID',
    parse: anyText,
    default: null,
    meaning: 'of this service at Microsoft',
  },
  microsoftSecret: {
    name: 'MICROSOFT_CLIENT_SECRET',
    parse: anyText,
    default: null,
    meaning: 'its secret there',
    isSecret: true,
  },
  appleId: {
    name: 'APPLE_CLIENT_ID',
    parse: anyText,
    default: null,
    meaning: 'of this service at Apple',
  },
  appleSecret: {
    name: 'APPLE_CLIENT_SECRET',
    parse: anyText,
    default: null,
    meaning: 'its secret there',
    isSecret: true,
  },
  /** JSON as configured. Social sign-in parses it, so that a bad provider disables only itself. */
  oidc: {
    name: 'OIDC_PROVIDERS',
    parse: anyText,
    default: null,
    meaning: 'JSON array of other OpenID Connect providers, with their client secrets',
    isSecret: true,
  },
} as const satisfies Variables;
