import { beforeEach, describe, expect, test } from 'vitest';
import { features } from '../../../src/app.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { registerUser } from '../../support/accounts.ts';
import { authCookies, TestClient } from '../../support/client.ts';
import {
  begin,
  codeFor,
  comeBackByForm,
  landing,
  providerVariables,
  standInProvider,
} from '../../support/social.ts';
import { accessCookie } from '../sessions/session-fixtures.ts';
import { countOf, expectSentBack, freshSubject, signedInUser } from './expectations.ts';

// Each refusal is logged; test/features/social/log.test.ts reads what.
beforeEach(() => void recordLog());

const issuers = [standInProvider('good-cross-site', { responseMode: 'form_post' })];
const client = new TestClient({ EMAIL_VERIFICATION: 'off', ...providerVariables(issuers) });
const pages = ['https://appleid.apple.com', 'https://provider.example', 'null', 'https://evil.example'];

/** Each unsafe method and path, with something in the place of parameters. */
const unsafeRoutes = features
  .flatMap(({ routes = [] }) => routes)
  .filter(({ method, guard }) => method !== 'GET' && !['cron', 'admin', 'developer'].includes(guard))
  .map(({ method, path }) => [method, path.replace(':provider', 'acme').replace(/:\w+/g, 'x')] as const);

describe('a form that the page of a provider posts (CSR-10)', () => {
  test('reaches the callback alone, of all unsafe routes', async () => {
    const { json, setCookies } = await registerUser(client, { transport: 'cookie' });
    const cookies = {
      [accessCookie]: setCookies.join().match(/nexora_access=([^;]+)/)?.[1] ?? json.accessToken,
    };
    const { user } = (await client.get('/api/auth/me', { cookies })).json;
    expect(user.id).toBe(json.user.id);
    const isCallback = (path: string) => path.endsWith('/callback');
    expect(unsafeRoutes.filter(([, path]) => isCallback(path))).toEqual([
      ['POST', '/api/auth/oauth/acme/callback'],
    ]);
    expect(unsafeRoutes.length).toBeGreaterThan(30);
    for (const [method, path] of unsafeRoutes.filter(([, path]) => !isCallback(path)))
      for (const Origin of pages) {
        const headers = { Origin, 'Sec-Fetch-Site': 'cross-site' };
        for (const body of [{ form: { state: 'x', code: 'y' } }, { body: {} }]) {
          const answer = await client.call(method, path, { ...body, cookies, headers });
          // Development pages are not there at all without their transport.
          expect([403, 404], `${method} ${path} ${Origin}`).toContain(answer.status);
          if (answer.json !== null) expect(['csrf_rejected', 'not_found']).toContain(answer.json.code);
          expect(answer.setCookies).toEqual([]);
        }
      }
    expect((await client.get('/api/auth/me', { cookies })).status).toBe(200);
  });

  test.each(pages)('ends a visit by its cookie and state alone, whatever its origin: %s', async (Origin) => {
    const visit = await begin(client, 'acme');
    const headers = { Origin };
    const code = codeFor(visit, { sub: freshSubject() });
    expectSentBack(
      await comeBackByForm(client, { ...visit, cookies: {} }, { code }, { headers }),
      'transaction_invalid',
    );
    await signedInUser(client, await comeBackByForm(client, visit, { code }, { headers }));
  });

  test('signs nobody in as somebody else: a visit that an attacker began is not theirs (OAU-01)', async () => {
    const [attacker, victim] = [await begin(client, 'acme'), await begin(client, 'acme')];
    const sub = freshSubject();
    const code = codeFor(attacker, { sub });
    const { state } = attacker;
    const answer = await comeBackByForm(client, { ...attacker, cookies: victim.cookies }, { code, state });
    expectSentBack(answer, 'transaction_invalid');
    expect(await countOf(sub)).toEqual({ sessions: 0, users: 0 });
  });

  test('takes no JSON, no other kind of body and no other method', async () => {
    const visit = await begin(client, 'acme');
    const path = '/api/auth/oauth/acme/callback';
    const { cookies, state } = visit;
    const code = codeFor(visit, { sub: freshSubject() });
    const json = await client.post(path, { state, code }, { cookies });
    expect([json.status, json.json?.code]).toEqual([415, 'unsupported_media_type']);
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const answer = await client.call(method, path, { cookies });
      expect([answer.status, answer.headers.get('Allow')]).toEqual([405, expect.stringContaining('POST')]);
    }
    const headers = { Origin: 'https://evil.example' };
    const options = await client.call('OPTIONS', path, { headers });
    expect(options.headers.get('Access-Control-Allow-Origin')).toBeNull();
    await signedInUser(client, await comeBackByForm(client, visit, { code }));
  });

  test('does not end the session that a browser has when it is refused', async () => {
    const visit = await begin(client, 'acme');
    const first = await comeBackByForm(client, visit, { code: codeFor(visit, { sub: freshSubject() }) });
    const cookies = authCookies(first);
    const again = await comeBackByForm(client, visit, { code: 'x' }, { cookies });
    expect(landing(again).error).not.toBeNull();
    await signedInUser(client, first);
  });
});
