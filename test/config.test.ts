import { describe, expect, test } from 'vitest';
import { ConfigError } from '../src/config/variable-reader.ts';
import { parseConfig } from '../src/config.ts';
import { minimalEnv, parse, refusedVariables } from './contract/minimal-env.ts';
import { randomSecret } from './support/test-env.ts';

// What it is without a variable, and which texts are refused, test/contract/documented-configuration.test.ts and
// wrong-variables.test.ts compare with the documents and try one by one.
describe('the configuration', () => {
  test('needs four variables, and names all that are missing at once (SUP-01)', () => {
    expect(refusedVariables({})).toEqual([]);
    for (const name of Object.keys(minimalEnv)) {
      for (const nothing of [undefined, '', '  ', null])
        expect(refusedVariables({ [name]: nothing }), name).toEqual([name]);
    }
    expect(() => parseConfig({})).toThrow(
      new ConfigError(['BASE_URL', 'AUTH_SECRET', 'SIGNING_KEYS', 'DATABASE_URL']),
    );
  });

  test('is repeated by wrangler.toml in nothing: what stands there would win over a default that changes', () => {
    const files = import.meta.glob<string>('../wrangler.toml', {
      query: '?raw',
      import: 'default',
      eager: true,
    });
    const [, section = ''] = /^\[vars\]\n([^[]*)/m.exec(files['../wrangler.toml'] ?? '') ?? [];
    expect(section).toContain('BASE_URL');
    for (const [, name = '', value] of section.matchAll(/^(\w+) = "?([^"\n]*)"?/gm)) {
      if (!(name in minimalEnv)) expect(parse({ [name]: value }), name).not.toEqual(parse({}));
    }
  });

  test('takes every documented variable (SUP-01)', () => {
    const previous = randomSecret();
    const config = parse({
      ENVIRONMENT: 'development',
      BASE_URL: 'http://localhost:8787/',
      DATABASE_HTTP_ENDPOINT: 'http://127.0.0.1:5488/sql',
      DATABASE_TIMEOUT_MS: '100',
      AUTH_SECRET_PREVIOUS: previous.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
      CRON_SECRET: 'c'.repeat(32),
      ADMIN_SECRET: 'a'.repeat(32),
      ACCESS_TOKEN_AUDIENCE: 'my-api',
      LEGACY_REFRESH_COOKIE: 'refresh_token',
      ALLOWED_ORIGINS: 'https://app.example.com, http://localhost:3000,https://APP.example.com:443',
      ACCESS_TOKEN_TTL_SECONDS: '300',
      SESSION_TTL_SECONDS: '86400',
      SESSION_IDLE_TTL_SECONDS: '3600',
      REFRESH_GRACE_SECONDS: '0',
      EMAIL_VERIFICATION: 'off',
      PASSWORD_MIN_LENGTH: '15',
      BREACHED_PASSWORD_CHECK: 'false',
      HIBP_URL: 'https://hibp.example.com/range/',
      MAIL_TRANSPORT: 'http',
      MAIL_FROM: 'NEXORA <no-reply@example.com>',
      MAIL_HTTP_URL: 'https://mail.example.com/send',
      RESEND_API_KEY: 're_123',
      DEMO_MODE: 'true',
      LOGIN_ATTEMPTS_MAX: '5',
      LOGIN_WINDOW_SECONDS: '60',
      RATE_LIMIT_PER_MINUTE: '600',
      GOOGLE_CLIENT_ID: 'g',
      GOOGLE_CLIENT_SECRET: 'gs',
      GITHUB_CLIENT_ID: 'h',
      GITHUB_CLIENT_SECRET: 'hs',
      MICROSOFT_CLIENT_ID: 'm',
      MICROSOFT_CLIENT_SECRET: 'ms',
      APPLE_CLIENT_ID: 'a',
      MICROSOFT_TENANT: 'consumers',
      APPLE_TEAM_ID: 't',
      APPLE_KEY_ID: 'k',
      APPLE_PRIVATE_KEY: 'p',
      APP_REDIRECTS: 'com.example.app:/cb, https://app.example.com/cb',
      HOSTED_PAGES: 'false',
      DEFAULT_REDIRECT_URL: 'https://app.example.com/home',
      BRAND_NAME: 'Example',
      BRAND_COLOR: '#A0B1C2',
      BRAND_LOGO_URL: '/logo.svg',
      BRAND_TERMS_URL: 'https://example.com/terms',
      BRAND_PRIVACY_URL: '/privacy',
      BRAND_SUPPORT_URL: 'https://example.com/help',
      OIDC_PROVIDERS: '[]',
    });
    expect(config).toMatchObject({
      isDevelopment: true,
      baseUrl: 'http://localhost:8787',
      database: { endpoint: 'http://127.0.0.1:5488/sql', timeoutMs: 100 },
      authSecretPrevious: Uint8Array.from(atob(previous), (c) => c.charCodeAt(0)),
      accessToken: { issuer: 'http://localhost:8787', audience: 'my-api', ttlSeconds: 300 },
      session: {
        ttlSeconds: 86_400,
        idleTtlSeconds: 3600,
        refreshGraceSeconds: 0,
        legacyRefreshCookie: 'refresh_token',
      },
      allowedOrigins: new Set(['https://app.example.com', 'http://localhost:3000']),
      password: { minLength: 15, isBreachCheckEnabled: false, breachUrl: 'https://hibp.example.com/range' },
      emailVerification: 'off',
      mail: {
        transport: 'http',
        from: { name: 'NEXORA', address: 'no-reply@example.com' },
        httpUrl: 'https://mail.example.com/send',
        resendApiKey: 're_123',
      },
      isDemoEnabled: true,
      loginAttempts: { max: 5, windowSeconds: 60 },
      rateLimitPerMinute: 600,
      cronSecret: 'c'.repeat(32),
      adminSecret: 'a'.repeat(32),
      providers: {
        ...{ googleId: 'g', googleSecret: 'gs', githubId: 'h', githubSecret: 'hs' },
        ...{ microsoftId: 'm', microsoftSecret: 'ms', microsoftTenant: 'consumers', appleId: 'a' },
        ...{ appleTeamId: 't', appleKeyId: 'k', applePrivateKey: 'p', oidc: '[]' },
      },
      redirects: {
        appRedirects: new Set(['com.example.app:/cb', 'https://app.example.com/cb']),
      },
      pages: { areHosted: false, defaultRedirect: 'https://app.example.com/home' },
      brand: {
        ...{ name: 'Example', color: '#a0b1c2', logoUrl: '/logo.svg' },
        termsUrl: 'https://example.com/terms',
        privacyUrl: '/privacy',
        supportUrl: 'https://example.com/help',
      },
    });
  });

  test('takes the numbers and truth values that wrangler.toml can hold, as their text (SUP-01)', () => {
    const config = parse({
      PASSWORD_MIN_LENGTH: 12,
      BREACHED_PASSWORD_CHECK: false,
      REFRESH_GRACE_SECONDS: 0,
    });
    expect(config.password).toMatchObject({ minLength: 12, isBreachCheckEnabled: false });
    expect(config.session.refreshGraceSeconds).toBe(0);
    expect(refusedVariables({ PASSWORD_MIN_LENGTH: 7, ACCESS_TOKEN_TTL_SECONDS: 1.5, DEMO_MODE: 1 })).toEqual(
      ['DEMO_MODE', 'ACCESS_TOKEN_TTL_SECONDS', 'PASSWORD_MIN_LENGTH'],
    );
  });

  test('refuses a binding or a table in the place of a variable (SUP-01)', () => {
    for (const name of [
      'BASE_URL',
      'AUTH_SECRET',
      'PASSWORD_MIN_LENGTH',
      'DEMO_MODE',
      'CRON_SECRET',
      'OIDC_PROVIDERS',
    ]) {
      for (const value of [{ get: () => 'x' }, ['x'], () => 'x'])
        expect(refusedVariables({ [name]: value }), name).toEqual([name]);
    }
  });
});

describe('variables that depend on each other', () => {
  test('a mail transport names what it lacks, all of it', () => {
    expect(refusedVariables({ MAIL_TRANSPORT: 'http' })).toEqual(['MAIL_HTTP_URL']);
    expect(refusedVariables({ MAIL_TRANSPORT: 'resend' })).toEqual(['RESEND_API_KEY', 'MAIL_FROM']);
    expect(refusedVariables({ MAIL_TRANSPORT: 'cloudflare' })).toEqual(['EMAIL', 'MAIL_FROM']);
    const from = { MAIL_FROM: 'no-reply@example.com' };
    expect(refusedVariables({ ...from, MAIL_TRANSPORT: 'resend', RESEND_API_KEY: 're_1' })).toEqual([]);
    expect(refusedVariables({ ...from, MAIL_TRANSPORT: 'cloudflare', EMAIL: { send: () => 0 } })).toEqual([]);
    for (const EMAIL of ['no-reply@example.com', null, {}, { send: 'x' }, { get: () => 0 }])
      expect(refusedVariables({ ...from, MAIL_TRANSPORT: 'cloudflare', EMAIL })).toEqual(['EMAIL']);
    expect(refusedVariables({ EMAIL: 'no-reply@example.com' }), 'where nobody asks for it').toEqual([]);
  });

  test('accounts that begin with a mail need one that is sent, in production (SUP-01)', () => {
    const required = { EMAIL_VERIFICATION: 'required' };
    expect(refusedVariables(required)).toEqual(['MAIL_TRANSPORT']);
    expect(
      refusedVariables({ ...required, MAIL_TRANSPORT: 'http', MAIL_HTTP_URL: 'https://mail.example' }),
    ).toEqual([]);
    expect(refusedVariables({ ...required, ENVIRONMENT: 'development' })).toEqual([]);
    expect(refusedVariables({ EMAIL_VERIFICATION: 'optional' })).toEqual([]);
  });

  test('demo mode and the outbox are for development alone (SUP-01, DEM-01)', () => {
    const open = { DEMO_MODE: 'true', MAIL_TRANSPORT: 'outbox' };
    expect(refusedVariables(open)).toEqual(['DEMO_MODE', 'MAIL_TRANSPORT']);
    expect(refusedVariables({ ...open, ENVIRONMENT: 'production' })).toEqual(['DEMO_MODE', 'MAIL_TRANSPORT']);
    expect(refusedVariables({ ...open, ENVIRONMENT: 'development' })).toEqual([]);
  });

  test('the secrets of cron and admin close nothing but their own routes', () => {
    expect(parse({ CRON_SECRET: 'short', ADMIN_SECRET: 'short' })).toMatchObject({
      cronSecret: 'short',
      adminSecret: 'short',
    });
  });
});
