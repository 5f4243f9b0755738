import { describe, expect, inject, test } from 'vitest';
import { parseConfig } from '../../../src/config.ts';
import { configuredProviders } from '../../../src/features/social/providers/configured-providers.ts';
import { findProvider } from '../../../src/features/social/providers/find-provider.ts';
import { providerVariables } from '../../support/social.ts';
import { type Overrides, testEnv } from '../../support/test-env.ts';

const acme = {
  ...{ id: 'acme', name: 'Acme', issuer: 'https://issuer.example' },
  ...{ clientId: 'client', clientSecret: 'canary-secret' },
};
const none = Object.fromEntries(Object.keys(providerVariables()).map((name) => [name, undefined]));

function configure(variables: Overrides) {
  const config = parseConfig(testEnv({ ...none, ...variables }));
  const { usable, broken } = configuredProviders(config);
  return { config, usable, ids: usable.map(({ id }) => id), broken };
}

/** What comes of a list of issuers, beside a built-in provider that is well. */
function withIssuers(entries: unknown, variables: Overrides = {}) {
  const google = { GOOGLE_CLIENT_ID: 'id', GOOGLE_CLIENT_SECRET: 'secret' };
  const text = typeof entries === 'string' ? entries : JSON.stringify(entries);
  return configure({ ...google, OIDC_PROVIDERS: text, ...variables });
}

describe('the providers of a deployment', () => {
  test('are none without variables', () => {
    expect(configure({})).toMatchObject({ ids: [], broken: [] });
    expect(configure({ MICROSOFT_TENANT: 'organizations' })).toMatchObject({ ids: [], broken: [] });
  });

  test('are all that are configured, in one order', () => {
    const all = configure(providerVariables([acme, { ...acme, id: 'b' }]));
    expect(all.ids).toEqual(['google', 'github', 'microsoft', 'apple', 'acme', 'b']);
    expect(all.broken).toEqual([]);
  });

  test('are read once for a configuration', () => {
    const { config, usable } = withIssuers([acme]);
    expect(configuredProviders(config).usable).toBe(usable);
  });

  test('take several client ids, of which the first is the one of the web', () => {
    const { usable } = configure({
      ...{ GOOGLE_CLIENT_ID: ' web , ios,android ', GOOGLE_CLIENT_SECRET: 'secret' },
      ...{ GITHUB_CLIENT_ID: 'a,b', GITHUB_CLIENT_SECRET: 'secret' },
    });
    expect(usable.map(({ clientId, nativeClientIds }) => [clientId, nativeClientIds])).toEqual([
      ['web', ['web', 'ios', 'android']],
      ['a', []],
    ]);
  });

  test('trust is for google, github and apple, and for an issuer only on request', () => {
    const { usable } = configure(providerVariables([acme, { ...acme, id: 'trusted', trustEmail: true }]));
    expect(usable.map(({ id, isTrusted }) => [id, isTrusted])).toEqual([
      ...[['google', true] as const, ['github', true], ['microsoft', false], ['apple', true]],
      ...[['acme', false] as const, ['trusted', true]],
    ]);
  });
});

describe('a built-in provider that is configured wrongly (OAU-18)', () => {
  const apple = inject('appleAccount');
  const complete = {
    ...{ GOOGLE_CLIENT_ID: 'id', GOOGLE_CLIENT_SECRET: 'secret' },
    ...{ GITHUB_CLIENT_ID: 'id', GITHUB_CLIENT_SECRET: 'secret' },
    ...{ MICROSOFT_CLIENT_ID: 'id', MICROSOFT_CLIENT_SECRET: 'secret' },
    ...{ APPLE_CLIENT_ID: 'id', APPLE_TEAM_ID: apple.teamId, APPLE_KEY_ID: apple.keyId },
    APPLE_PRIVATE_KEY: apple.privateKey,
  };

  test.each(Object.keys(complete))('disables itself and names the variable that is missing: %s', (name) => {
    const provider = name.split('_')[0]!.toLowerCase();
    const { ids, broken } = configure({ ...complete, [name]: undefined });
    expect(broken).toEqual([{ id: provider, variables: [name] }]);
    expect(ids).toEqual(['google', 'github', 'microsoft', 'apple'].filter((id) => id !== provider));
  });

  test.each([
    ['google', { GOOGLE_CLIENT_ID: 'a,,b' }],
    ['google', { GOOGLE_CLIENT_ID: ',a' }],
    ['microsoft', { MICROSOFT_TENANT: 'contoso.onmicrosoft.com' }],
    ['microsoft', { MICROSOFT_TENANT: '../common' }],
    ['microsoft', { MICROSOFT_TENANT: '11111111-2222-3333-4444-55555555555' }],
    ['apple', { APPLE_PRIVATE_KEY: 'text' }],
    ['apple', { APPLE_PRIVATE_KEY: apple.privateKey.replaceAll('PRIVATE KEY', 'RSA PRIVATE KEY') }],
    ['apple', { APPLE_PRIVATE_KEY: apple.privateKey.slice(0, 60) }],
    ['apple', { APPLE_PRIVATE_KEY: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----' }],
  ] as [string, Overrides][])('disables itself with a wrong value: %s %j', (provider, wrong) => {
    const { ids, broken } = configure({ ...complete, ...wrong });
    expect(broken.map(({ id }) => id)).toEqual([provider]);
    expect(ids).toHaveLength(3);
    expect(JSON.stringify(broken)).not.toContain(Object.values(wrong)[0]);
  });

  test('takes the key of Apple on one line as well', () => {
    const APPLE_PRIVATE_KEY = apple.privateKey.trim().replaceAll('\n', '\\n');
    expect(configure({ ...complete, APPLE_PRIVATE_KEY }).broken).toEqual([]);
  });
});

describe('OIDC_PROVIDERS (OAU-18)', () => {
  test.each(['{', 'null', '{}', '"acme"', '1', 'true', '[', JSON.stringify(acme)])(
    'that is no list of providers leaves the others: %s',
    (text) => {
      const { ids, broken } = withIssuers(text);
      expect(ids).toEqual(['google']);
      expect(broken).toEqual([{ id: '', variables: ['OIDC_PROVIDERS'] }]);
    },
  );

  test.each<[string, unknown]>([
    ['null', null],
    ['a text', 'acme'],
    ['a list', []],
    ['no client secret', { ...acme, clientSecret: undefined }],
    ['an empty client secret', { ...acme, clientSecret: '' }],
    ['no client id', { ...acme, clientId: undefined }],
    ['no name', { ...acme, name: undefined }],
    ['a name with a line break', { ...acme, name: 'Ac\nme' }],
    ['scopes without openid', { ...acme, scopes: 'email openid2 profile' }],
    ['an issuer with a line break', { ...acme, issuer: 'https://issuer.example/\n' }],
    ['no issuer', { ...acme, issuer: undefined }],
    ['an issuer that is no URL', { ...acme, issuer: 'issuer.example' }],
    ['an issuer with a query', { ...acme, issuer: 'https://issuer.example?x=1' }],
    ['an issuer with a fragment', { ...acme, issuer: 'https://issuer.example#x' }],
    ['an issuer with a user', { ...acme, issuer: 'https://user@issuer.example' }],
    ['an issuer with a password', { ...acme, issuer: 'https://:secret@issuer.example' }],
    ['an issuer of another scheme', { ...acme, issuer: 'ftp://issuer.example' }],
    ['an issuer without TLS', { ...acme, issuer: 'http://issuer.example' }],
    ['an issuer without TLS at localhost', { ...acme, issuer: 'http://localhost:3000' }],
    ['an issuer with a host like this machine', { ...acme, issuer: 'http://127.0.0.1.evil.example' }],
    ['an unknown member', { ...acme, trustemail: true }],
    ['trust that is a text', { ...acme, trustEmail: 'true' }],
    ['scopes with a quotation mark', { ...acme, scopes: 'openid "email"' }],
    ['scopes that are a list', { ...acme, scopes: ['openid'] }],
    ['another response mode', { ...acme, responseMode: 'fragment' }],
    ['an id with a slash', { ...acme, id: 'a/b' }],
    ['an id with a capital', { ...acme, id: 'Acme' }],
    ['an id that begins with a digit', { ...acme, id: '1acme' }],
    ['an endless id', { ...acme, id: 'a'.repeat(33) }],
    ['an id with a line break behind it', { ...acme, id: 'acme\n' }],
    ...['google', 'github', 'microsoft', 'apple', 'providers', 'token'].map(
      (id) => [`the reserved id ${id}`, { ...acme, id }] as [string, unknown],
    ),
  ])('with one wrong entry leaves the others: %s', (_, entry) => {
    const good = { ...acme, id: 'good' };
    const { ids, broken } = withIssuers([entry, good]);
    expect(ids).toEqual(['google', 'good']);
    expect(broken.length).toBeGreaterThanOrEqual(1);
    for (const { variables } of broken) expect(variables).toEqual(['OIDC_PROVIDERS']);
    expect(JSON.stringify(broken)).not.toContain('canary');
  });

  test('with a wrong entry under the id of a right one leaves that', () => {
    const { ids, broken } = withIssuers([{ id: 'acme' }, acme, { id: 'google' }]);
    expect(ids).toEqual(['google', 'acme']);
    expect(broken.map(({ id }) => id)).toEqual(['acme', 'google']);
  });

  test('with one id twice has neither of the two, and says why', () => {
    const { config, ids, broken } = withIssuers([acme, { ...acme, issuer: 'https://b.example' }]);
    expect(ids).toEqual(['google']);
    expect(broken).toHaveLength(2);
    expect(() => findProvider(config, 'acme')).toThrow('misconfigured');
    expect(findProvider(config, 'google').id).toBe('google');
  });

  test('with an entry of the id of a built-in provider never replaces that', () => {
    const { config } = withIssuers([{ ...acme, id: 'github' }]);
    expect(() => findProvider(config, 'github')).toThrow('misconfigured');
    expect(findProvider(config, 'google').id).toBe('google');
  });

  test('takes an issuer of this machine without TLS in development alone', () => {
    const local = { ...acme, issuer: 'http://127.0.0.1:9000' };
    expect(withIssuers([local]).ids).toEqual(['google', 'acme']);
    const production = withIssuers([local, { ...acme, id: 'b' }], { ENVIRONMENT: 'production' });
    expect(production.ids).toEqual(['google', 'b']);
    expect(production.broken).toEqual([{ id: 'acme', variables: ['OIDC_PROVIDERS'] }]);
  });

  test('is by default without trust and with registration', () => {
    const [, provider] = withIssuers([acme]).usable;
    expect(provider).toMatchObject({
      ...{ isTrusted: false, allowsRegistration: true, responseMode: 'query', nativeClientIds: [] },
      scope: 'openid email profile',
    });
    const [, set] = withIssuers([{ ...acme, trustEmail: true, allowSignUp: false, scopes: 'openid' }]).usable;
    expect(set).toMatchObject({ isTrusted: true, allowsRegistration: false, scope: 'openid' });
  });
});
