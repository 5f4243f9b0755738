import { anyText, exactUrls } from './parsers.ts';
import type { Variables } from './variable.ts';

const optional = { parse: anyText, default: null } as const;
const secretThere = { ...optional, meaning: 'its secret there', isSecret: true } as const;

export const providerVariables = {
  googleId: {
    name: 'GOOGLE_CLIENT_ID',
    ...optional,
    meaning:
      'of this service at Google; further ones behind commas are taken from native apps alone, as the audience of ID tokens',
  },
  googleSecret: { name: 'GOOGLE_CLIENT_SECRET', ...secretThere },
  githubId: { name: 'GITHUB_CLIENT_ID', ...optional, meaning: 'of this service at GitHub' },
  githubSecret: { name: 'GITHUB_CLIENT_SECRET', ...secretThere },
  microsoftId: { name: 'MICROSOFT_CLIENT_ID', ...optional, meaning: 'of this service at Microsoft' },
  microsoftSecret: { name: 'MICROSOFT_CLIENT_SECRET', ...secretThere },
  microsoftTenant: {
    name: 'MICROSOFT_TENANT',
    parse: anyText,
    default: 'common',
    meaning: 'who may sign in by Microsoft: `common`, `organizations`, `consumers`, or the id of one tenant',
  },
  appleId: {
    name: 'APPLE_CLIENT_ID',
    ...optional,
    meaning: 'of this service at Apple, a services id; bundle ids of native apps behind commas',
  },
  appleTeamId: { name: 'APPLE_TEAM_ID', ...optional, meaning: 'of the team that owns the key' },
  appleKeyId: { name: 'APPLE_KEY_ID', ...optional, meaning: 'of the private key' },
  applePrivateKey: {
    name: 'APPLE_PRIVATE_KEY',
    ...optional,
    meaning:
      'the key in PKCS #8, as Apple gives it; line breaks may be written as `\\n`. The client secret is made of it',
    isSecret: true,
  },
  /** JSON as configured. Social sign-in parses it, so that a bad provider disables only itself. */
  oidc: {
    name: 'OIDC_PROVIDERS',
    ...optional,
    meaning: 'JSON array of other OpenID Connect providers, with their client secrets',
    isSecret: true,
  },
} as const satisfies Variables;

/** Where people may be sent after a sign-in at a provider. */
export const redirectVariables = {
  appRedirects: {
    name: 'APP_REDIRECTS',
    parse: exactUrls,
    default: '',
    meaning:
      'comma-separated URLs of apps that may get a code, exactly as they ask for it: `https`, or the scheme of an app',
  },
} as const satisfies Variables;
