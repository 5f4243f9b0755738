import { afterEach, describe, expect, test, vi } from 'vitest';
import { createProviderClient } from '../../../src/features/social/outbound/provider-client.ts';
import { ProviderError } from '../../../src/features/social/outbound/provider-error.ts';
import { openId } from '../../../src/features/social/providers/open-id.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** An issuer that no other test uses: what is known of one is remembered. */
function freshIssuer() {
  const issuer = `https://${crypto.randomUUID()}.example`;
  const provider = openId({ id: 'acme', name: 'Acme', issuer, clientId: 'client', clientSecret: 'secret' });
  const document = {
    ...{ issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` },
    ...{ jwks_uri: `${issuer}/jwks`, userinfo_endpoint: `${issuer}/userinfo` },
  };
  const server = () => provider.server(createProviderClient(false));
  return { issuer, provider, document, server };
}

function answering(answer: () => Promise<Response> | Response) {
  return vi.spyOn(globalThis, 'fetch').mockImplementation(async () => answer());
}

describe('the discovery of an issuer (OAU-06)', () => {
  test('is one request to its well-known address, and remembered for an hour', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { issuer, document, server } = freshIssuer();
    const sent = answering(() => Response.json(document));
    expect((await server()).token_endpoint).toBe(`${issuer}/token`);
    vi.setSystemTime(Date.now() + 3_599_000);
    await server();
    expect(sent.mock.calls.map(([url]) => String(url))).toEqual([
      `${issuer}/.well-known/openid-configuration`,
    ]);
    vi.setSystemTime(Date.now() + 2000);
    await server();
    expect(sent).toHaveBeenCalledTimes(2);
  });

  test('takes endpoints at other hosts of the issuer, if they are secure', async () => {
    const { document, server } = freshIssuer();
    answering(() => Response.json({ ...document, jwks_uri: 'https://keys.example/jwks' }));
    expect((await server()).jwks_uri).toBe('https://keys.example/jwks');
  });

  test.each<[string, (issuer: string) => Record<string, unknown>]>([
    ['another issuer', () => ({ issuer: 'https://evil.example' })],
    ['a path behind its issuer', (issuer) => ({ issuer: `${issuer}/tenant` })],
    ['its issuer at another port', (issuer) => ({ issuer: `${issuer}:8443` })],
    ['its issuer without TLS', (issuer) => ({ issuer: issuer.replace('https', 'http') })],
    ['no issuer', () => ({ issuer: undefined })],
    ['no authorization endpoint', () => ({ authorization_endpoint: undefined })],
    ['no token endpoint', () => ({ token_endpoint: undefined })],
    ['no keys', () => ({ jwks_uri: undefined })],
    ['a token endpoint without TLS', () => ({ token_endpoint: 'http://issuer.example/token' })],
    ['a token endpoint at this machine', () => ({ token_endpoint: 'http://127.0.0.1/token' })],
    ['keys without TLS', () => ({ jwks_uri: 'http://issuer.example/jwks' })],
    ['a userinfo endpoint without TLS', () => ({ userinfo_endpoint: 'http://issuer.example/userinfo' })],
    ['an authorization endpoint that is a script', () => ({ authorization_endpoint: 'javascript:alert(1)' })],
    ['an authorization endpoint that is a path', () => ({ authorization_endpoint: '/authorize' })],
    ['a token endpoint with a user', () => ({ token_endpoint: 'https://user@issuer.example/token' })],
  ])('is refused with %s', async (_, wrong) => {
    const { issuer, document, server } = freshIssuer();
    const sent = answering(() => Response.json({ ...document, ...wrong(issuer) }));
    await expect(server()).rejects.toBeInstanceOf(ProviderError);
    expect(sent).toHaveBeenCalledTimes(1);
  });

  test('says nothing of what was received when it is refused', async () => {
    const { server } = freshIssuer();
    answering(() => Response.json({ issuer: 'https://canary.example' }));
    const failure = await server().catch((error) => error);
    expect(failure.message).toBe('the discovery document of the provider was refused');
    expect(failure.cause).toBeUndefined();
  });

  test('that fails at first is there once the issuer answers, without a restart (DBF-17)', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { issuer, document, server } = freshIssuer();
    const state = { isDown: true };
    const sent = answering(() => {
      if (state.isDown) throw new TypeError('down');
      return Response.json(document);
    });
    await expect(server()).rejects.toBeInstanceOf(ProviderError);
    await expect(server()).rejects.toBeInstanceOf(ProviderError);
    expect(sent).toHaveBeenCalledTimes(1);
    state.isDown = false;
    vi.setSystemTime(Date.now() + 5001);
    expect((await server()).issuer).toBe(issuer);
    state.isDown = true;
    vi.setSystemTime(Date.now() + 82_000_000);
    expect((await server()).issuer).toBe(issuer);
  });
});

describe('how this service authenticates at an issuer', () => {
  test.each([
    [undefined, 'header'],
    [['client_secret_basic'], 'header'],
    [['client_secret_post', 'client_secret_basic'], 'header'],
    [['client_secret_post'], 'body'],
  ] as const)('follows what its discovery names: %j, by %s', async (methods, place) => {
    const { issuer, provider } = freshIssuer();
    const server = { issuer, ...(methods && { token_endpoint_auth_methods_supported: [...methods] }) };
    const authenticate = await provider.authentication(server, Date.now(), 'client');
    const [body, headers] = [new URLSearchParams(), new Headers()];
    await authenticate(server, { client_id: 'client' }, body, headers);
    expect([headers.has('Authorization'), body.has('client_secret')]).toEqual([
      place === 'header',
      place === 'body',
    ]);
  });
});
