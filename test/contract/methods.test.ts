import { describe, expect, test } from 'vitest';
import { TestClient } from '../support/client.ts';
import { databaseState } from './database-state.ts';
import { insertAccount } from './insert-account.ts';
import { exampleCall, exampleOf, registeredRoutes } from './route-table.ts';

const allMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE'];
const paths = [...new Set(registeredRoutes.map((key) => key.slice(key.indexOf(' ') + 1)))];

const client = new TestClient();
const account = await insertAccount(client);

/** By which some servers let a request choose its method. */
const overrides = ['X-HTTP-Method-Override', 'X-Method-Override', 'X-HTTP-Method'];

/** The registered methods of a path, as Allow says them. */
function allowed(path: string): string[] {
  const methods = registeredRoutes
    .filter((key) => key.endsWith(` ${path}`))
    .map((key) => key.split(' ')[0] ?? '');
  return methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}

/** The address of a path, parameters filled in. */
function addressOf(path: string): string {
  const key = registeredRoutes.find((candidate) => candidate.endsWith(` ${path}`)) ?? '';
  return exampleOf(key).path?.(account) ?? path;
}

describe.each(paths)('%s', (path) => {
  test('answers a wrong method with 405 and Allow, whoever asks, changes nothing, and lets no header choose the method (CSR-07, INP-14)', async () => {
    const wrong = allMethods.filter((method) => !allowed(path).includes(method));
    const asked = Object.fromEntries(overrides.map((header) => [header, allowed(path)[0] ?? '']));
    const { cookies, accessToken: bearer } = account;
    for (const method of wrong) {
      for (const options of [{}, { cookies }, { bearer }, { bearer, headers: asked }]) {
        const answer = await client.call(method, addressOf(path), options);
        expect(answer.status, method).toBe(405);
        expect(answer.headers.get('Allow'), method).toBe(allowed(path).join(', '));
        if (method !== 'HEAD') expect(answer.json.code, method).toBe('method_not_allowed');
        expect(answer.setCookies, method).toEqual([]);
        expect(answer.roundTrips, method).toBe(0);
      }
    }
  });
});

/** Reads that leave a record of themselves, and change nothing else. */
const recordedReads = ['GET /api/auth/me/export'];

async function stateBesideRecords(key: string): Promise<unknown> {
  const tables: { name: string }[] = JSON.parse(await databaseState());
  // An export is counted as well.
  const records = ['security_events', 'login_attempts'];
  return tables.filter(({ name }) => !records.includes(name) || !recordedReads.includes(key));
}

/** A link that begins a visit to a provider, and the way back: the cookie of the visit is all that the one sets. */
const visits = ['GET /api/auth/oauth/:provider', 'GET /api/auth/oauth/:provider/callback'];

describe('a visit to a provider', () => {
  test('begins without a trace in the database, and its end is reached by no HEAD (CSR-07)', async () => {
    const before = await databaseState();
    const [, start, options] = exampleCall(visits[0]!, account, 'cookie');
    for (const method of ['GET', 'HEAD'])
      expect((await client.call(method, start, options)).status).toBe(302);
    const [, back, withVisit] = exampleCall(visits[1]!, account, 'cookie');
    const head = await client.call('HEAD', back, withVisit);
    expect([head.status, head.headers.get('Allow'), head.setCookies]).toEqual([405, 'GET, POST', []]);
    expect(await databaseState()).toBe(before);
    expect((await client.call('GET', back, withVisit)).status).toBe(303);
  });
});

describe('GET and HEAD', () => {
  test.each(registeredRoutes.filter((key) => key.startsWith('GET ') && !visits.includes(key)))(
    '%s with cookies changes nothing, sets no cookie, and HEAD says the same without a body (CSR-07)',
    async (key) => {
      const before = await stateBesideRecords(key);
      const [, path, options] = exampleCall(key, account, 'cookie');
      const got = await client.call('GET', path, options);
      const head = await client.call('HEAD', path, options);
      expect([got.status, head.status, head.text]).toEqual([
        exampleOf(key).status,
        exampleOf(key).status,
        '',
      ]);
      const names = (headers: Headers) => [...headers.keys()].filter((name) => name !== 'content-length');
      expect(names(head.headers)).toEqual(names(got.headers));
      expect([...got.setCookies, ...head.setCookies]).toEqual([]);
      expect(await stateBesideRecords(key)).toEqual(before);
    },
  );
});
