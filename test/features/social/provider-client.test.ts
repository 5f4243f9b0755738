import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { createProviderClient } from '../../../src/features/social/outbound/provider-client.ts';
import { ProviderError } from '../../../src/features/social/outbound/provider-error.ts';
import { providerKeys } from '../../../src/features/social/outbound/provider-keys.ts';
import { openId } from '../../../src/features/social/providers/open-id.ts';
import { standInHits } from '../../support/stand-ins.ts';

const standIns = inject('standInsUrl');
const client = createProviderClient(true);

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Answers every call as it is told, and keeps what was sent. */
function answering(answer: (url: string, init: RequestInit) => Promise<Response>) {
  return vi.spyOn(globalThis, 'fetch').mockImplementation((url, init) => answer(String(url), init ?? {}));
}

/** Never answers, but ends as `fetch` does when its signal does. */
function hang(init: RequestInit): Promise<never> {
  return new Promise((_, reject) => {
    init.signal?.addEventListener('abort', () => reject(init.signal?.reason));
  });
}

describe('a call to a provider (OAU-06)', () => {
  test.each([
    'http://issuer.example/token',
    'http://localhost/token',
    'http://127.0.0.2/token',
    'http://127.0.0.1.evil.example/token',
    'http://[::1]/token',
    'http://169.254.169.254/latest/meta-data',
    'https://user@issuer.example/',
    'https://user:secret@issuer.example/',
    'ftp://issuer.example/',
    'file:///etc/passwd',
    'data:application/json,{}',
    'javascript:1',
    '/token',
    '',
  ])('goes to no address that is not https, and to this machine in development alone: %s', async (url) => {
    const sent = answering(async () => new Response('{}'));
    for (const isDevelopment of [true, false])
      await expect(createProviderClient(isDevelopment).fetch(url)).rejects.toBeInstanceOf(ProviderError);
    await expect(createProviderClient(false).fetch('http://127.0.0.1/token')).rejects.toThrow('not secure');
    expect(sent).not.toHaveBeenCalled();
  });

  test.each([301, 302, 303, 307, 308, 300, 304])('follows no redirect: %i', async (status) => {
    const headers = { Location: 'http://127.0.0.1/' };
    const sent = answering(async () => new Response(null, { status, headers }));
    await expect(client.fetch('https://issuer.example/')).rejects.toThrow('redirect');
    expect(sent).toHaveBeenCalledTimes(1);
    expect(sent.mock.calls[0]![1]).toMatchObject({ redirect: 'manual' });
  });

  test('that is led elsewhere by a real server does not arrive there', async () => {
    const url = `${standIns}/oidc/redirecting-client/.well-known/openid-configuration`;
    await expect(client.fetch(url)).rejects.toThrow('redirect');
    expect(await standInHits('/trap/redirecting-client')).toBe(0);
  });

  test('says who calls, and passes on what it was given', async () => {
    const sent = answering(async () => new Response('{"a":1}', { status: 201, headers: { 'X-A': 'b' } }));
    const headers = { Authorization: 'Bearer x', 'User-Agent': 'another' };
    const answer = await client.fetch('https://issuer.example/', { method: 'POST', headers, body: 'x=1' });
    const init = sent.mock.calls[0]![1]!;
    expect([init.method, init.body, new Headers(init.headers).get('Authorization')]).toEqual([
      ...['POST', 'x=1', 'Bearer x'],
    ]);
    expect(new Headers(init.headers).get('User-Agent')).toBe('nexora-auth');
    expect([answer.status, answer.headers.get('X-A'), await answer.json()]).toEqual([201, 'b', { a: 1 }]);
  });
});

describe('an answer of a provider (OAU-15)', () => {
  test('is taken up to 256 KiB', async () => {
    const bytes = (length: number) => answering(async () => new Response('x'.repeat(length)));
    bytes(262_144);
    expect((await (await client.fetch('https://issuer.example/')).text()).length).toBe(262_144);
    vi.restoreAllMocks();
    bytes(262_145);
    await expect(client.fetch('https://issuer.example/')).rejects.toThrow('too large');
  });

  test('that never ends is cut off where it is too large', async () => {
    const cancelled: unknown[] = [];
    answering(async () => {
      const pull = (controller: ReadableStreamDefaultController) =>
        controller.enqueue(new Uint8Array(65_536));
      return new Response(new ReadableStream({ pull, cancel: (reason) => void cancelled.push(reason) }));
    });
    await expect(client.fetch('https://issuer.example/')).rejects.toThrow('too large');
    expect(cancelled).toHaveLength(1);
  });

  test('is waited for five seconds at most, and eight for all of one request', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    answering((_, init) => hang(init));
    const own = createProviderClient(true);
    const ends: number[] = [];
    const begun = Date.now();
    for (let n = 0; n < 3; n++) {
      const call = expect(own.fetch('https://issuer.example/')).rejects.toBeInstanceOf(ProviderError);
      await vi.advanceTimersByTimeAsync(5000 - (ends.length > 0 ? 2000 : 0));
      await call;
      ends.push(Date.now() - begun);
    }
    expect(ends.slice(0, 2)).toEqual([5000, 8000]);
    await expect(own.fetch('https://issuer.example/')).rejects.toThrow('used up');
    const next = createProviderClient(true).fetch('https://issuer.example/');
    const refused = expect(next).rejects.toThrow('too slow');
    await vi.advanceTimersByTimeAsync(5000);
    await refused;
  });

  test('is waited for no longer when its body is what is slow', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    answering(async (_, init) => {
      const start = (controller: ReadableStreamDefaultController) => {
        controller.enqueue(new Uint8Array(1));
        init.signal?.addEventListener('abort', () => controller.error(init.signal?.reason));
      };
      return new Response(new ReadableStream({ start }));
    });
    const call = expect(createProviderClient(true).fetch('https://issuer.example/')).rejects.toThrow(
      'too slow',
    );
    await vi.advanceTimersByTimeAsync(5000);
    await call;
  });

  test('that does not come says nothing of the network, nor of what was sent', async () => {
    answering(async () => Promise.reject(new TypeError('connect ECONNREFUSED 10.0.0.7:443 canary')));
    const failure = await client.fetch('https://issuer.example/?code=canary').catch((error) => error);
    expect(failure).toBeInstanceOf(ProviderError);
    expect(failure.message).toBe('the provider could not be reached');
    expect(failure.cause).toBeUndefined();
  });
});

describe('the keys of a provider (DBF-17)', () => {
  const keySet = (...ids: string[]) =>
    Response.json({ keys: ids.map((kid) => ({ kty: 'RSA', kid, n: 'AQAB', e: 'AQAB' })) });

  test('are fetched once in ten minutes, and at once for a new id, though once a minute', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    let ids = ['a'];
    const sent = answering(async () => keySet(...ids));
    const uri = 'https://issuer.example/rotated';
    const known = async (id: string) => [...(await providerKeys(createProviderClient(true), uri, id)).ids];
    expect(await known('a')).toEqual(['a']);
    ids = ['b'];
    vi.setSystemTime(Date.now() + 59_000);
    expect(await known('b')).toEqual(['a']);
    vi.setSystemTime(Date.now() + 2000);
    expect(await known('b')).toEqual(['b']);
    for (let n = 0; n < 100; n++) await known(`unknown-${n}`);
    expect(sent).toHaveBeenCalledTimes(2);
    vi.setSystemTime(Date.now() + 599_000);
    expect(await known('b')).toEqual(['b']);
    expect(sent).toHaveBeenCalledTimes(2);
  });

  test.each(['', '<html>', 'null', '[]', '{}', '{"keys":{}}', '{"keys":[1]}', '{"keys":null}'])(
    'are refused where they are no set of keys: %s',
    async (text) => {
      answering(async () => new Response(text));
      const uri = `https://issuer.example/malformed/${encodeURIComponent(text)}`;
      await expect(providerKeys(client, uri, 'a')).rejects.toBeInstanceOf(ProviderError);
    },
  );
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

describe('the discovery of an issuer (OAU-06)', () => {
  test('is one request to its well-known address, and remembered for an hour', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { issuer, document, server } = freshIssuer();
    const sent = answering(async () => Response.json(document));
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
    answering(async () => Response.json({ ...document, jwks_uri: 'https://keys.example/jwks' }));
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
    const sent = answering(async () => Response.json({ ...document, ...wrong(issuer) }));
    await expect(server()).rejects.toBeInstanceOf(ProviderError);
    expect(sent).toHaveBeenCalledTimes(1);
  });

  test('says nothing of what was received when it is refused', async () => {
    const { server } = freshIssuer();
    answering(async () => Response.json({ issuer: 'https://canary.example' }));
    const failure = await server().catch((error) => error);
    expect(failure.message).toBe('the discovery document of the provider was refused');
    expect(failure.cause).toBeUndefined();
  });

  test('that fails at first is there once the issuer answers, without a restart (DBF-17)', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { issuer, document, server } = freshIssuer();
    const state = { isDown: true };
    const sent = answering(async () => {
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
