import { describe, expect, test } from 'vitest';
import { cookieHeader, TestClient } from '../support/client.ts';
import { baseUrl } from '../support/test-env.ts';
import { insertAccount, insertAccountFor } from './insert-account.ts';
import { json, rawExample } from './raw-example.ts';
import { casesFor, isTriedInFull } from './route-choice.ts';
import { bodyRoutes, exampleCall, exampleOf, unsafeRoutes } from './route-table.ts';

const otherTypes = [
  'text/plain',
  'Text/Plain;x',
  'text/plain; application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/xml',
  'application/json; charset=x',
  'application/json, text/plain',
  'application/jsonp',
  '',
].map((type) => ({ 'Content-Type': type }));

/** Headers with their text, for the name of a test. */
function named(
  headers: readonly Record<string, string>[],
): [name: string, headers: Record<string, string>][] {
  return headers.map((each) => [JSON.stringify(each), each]);
}

/** The names of those that every route is tried with: a type that needs no preflight, none, and the right one. */
const [text, nothing, asJson] = [
  '{"Content-Type":"text/plain"}',
  '{}',
  '{"Content-Type":"application/json"}',
];
const compressed = '{"Content-Type":"application/json","Content-Encoding":"gzip"}';

const noBodies: [body: string, bytes: string | null, declared: Record<string, string>][] = [
  ['an absent body', null, {}],
  ['an absent body that is declared', null, json],
  ['an empty body', '', {}],
  ['an empty body that is declared', '', json],
];

const client = new TestClient();
const account = await insertAccount(client);

/** A provider posts its answer from its own page. */
const exempt = 'POST /api/auth/oauth/:provider/callback';

describe.each(unsafeRoutes.filter((key) => key !== exempt))('%s from another site', (key) => {
  const evil = { Origin: 'https://evil.example' };
  test.each(casesFor(key, named([...otherTypes, {}, json]), [text, nothing, asJson]))(
    'is refused before its body is read: %s (CSR-02)',
    async (_name, declared) => {
      const request = rawExample(key, account, '{', { ...evil, ...declared }, 'cookie');
      const answer = await client.send(request);
      expect([answer.status, answer.json.code]).toEqual([403, 'csrf_rejected']);
      expect(request.bodyUsed).toBe(false);
    },
  );
});

describe.each(bodyRoutes)('%s', (key) => {
  const example = exampleOf(key);
  const encoded = ['gzip', 'br', 'identity'].map((encoding) => ({ ...json, 'Content-Encoding': encoding }));

  test.each(casesFor(key, named([...otherTypes, {}, ...encoded]), [text, nothing, compressed]))(
    'does not read a body that is declared otherwise than as JSON: %s (INP-02)',
    async (_name, declared) => {
      const body = JSON.stringify(exampleCall(key, account)[2].body);
      const answer = await client.send(rawExample(key, account, body, declared));
      expect([answer.status, answer.json.code]).toEqual([415, 'unsupported_media_type']);
      expect(answer.roundTrips).toBe(0);
    },
  );

  test.each(casesFor(key, noBodies, ['an absent body', 'an empty body that is declared']))(
    `${example.isBodyOptional ? 'takes' : 'refuses'} %s (INP-02, INP-03)`,
    async (_body, bytes, declared) => {
      const caller = example.isBodyOptional ? await insertAccountFor(client, key) : account;
      const answer = await client.send(rawExample(key, caller, bytes, withOrigin(declared), 'cookie'));
      if (example.isBodyOptional)
        expect(answer.status, answer.text).toBe(example.statusWithoutBody ?? example.status);
      else expect(answer.status, answer.text).toBe('Content-Type' in declared ? 400 : 415);
    },
  );
});

test.each(bodyRoutes.filter(isTriedInFull))(
  '%s reads JSON whatever the case of its type and with the charset that changes nothing (INP-02)',
  async (key) => {
    const fresh = await insertAccountFor(client, key);
    const headers = { 'Content-Type': 'Application/JSON; charset=UTF-8' };
    const answer = await client.call(...exampleCall(key, fresh, 'bearer', headers));
    expect(answer.status, answer.text).toBe(exampleOf(key).status);
  },
);

function withOrigin(headers: Record<string, string>): Record<string, string> {
  return { ...headers, Origin: 'https://auth.test' };
}

describe(exempt, () => {
  test.each(
    named([
      ...otherTypes.filter((type) => type['Content-Type'] !== 'application/x-www-form-urlencoded'),
      {},
      json,
    ]),
  )('reads nothing but a form: %s (INP-02)', async (_name, declared) => {
    const [, path, { cookies }] = exampleCall(exempt, account);
    const headers = { ...declared, Cookie: cookieHeader(cookies ?? {}) };
    const answer = await client.send(
      new Request(`${baseUrl}${path}`, { method: 'POST', headers, body: 'state=x' }),
    );
    expect([answer.status, answer.json.code]).toEqual([415, 'unsupported_media_type']);
  });
});
