import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/variable-reader.ts';
import { TestClient } from '../support/client.ts';
import { generateSigningJwk } from '../support/test-env.ts';
import { expectProblem } from './expect-problem.ts';
import { parse, refusedVariables } from './minimal-env.ts';
import { recordLog } from './recorded-log.ts';
import { refusedTexts } from './refused-texts.ts';

const refused = Object.entries(refusedTexts);
const checked = refused.flatMap(([name, texts]) => (texts === 'nothing' ? [] : [{ name, texts }]));
const unchecked = refused.flatMap(([name, texts]) => (texts === 'nothing' ? [name] : []));

describe('a variable with a wrong value is refused by its name (SUP-01)', () => {
  test.each(checked)('$name', ({ name, texts }) => {
    for (const text of texts) expect(refusedVariables({ [name]: text }), text).toEqual([name]);
  });

  test.each(checked)(
    '$name: the service answers 503, and names it to the log alone',
    async ({ name, texts }) => {
      const lines = recordLog();
      const answer = await new TestClient({ [name]: texts[0] }).get('/api/auth/me');
      expectProblem(answer, 503, 'misconfigured');
      expect(answer.text).not.toContain(name);
      const logged = lines.map((line) => JSON.parse(line));
      expect(logged).toMatchObject([{ event: 'misconfigured' }]);
      expect(logged[0].cause).toEqual({ variables: [name] });
    },
  );

  test.each(unchecked)('%s: whatever it holds is for its own routes to judge', (name) => {
    for (const text of ['*', 'x', '0', '[]', '\r\n', 'é', '\0', '{"a":', 'x'.repeat(10_000)])
      expect(refusedVariables({ [name]: text })).toEqual([]);
  });

  test('SIGNING_KEYS with a key that is too weak, not ours, or not private (JWT-08)', async () => {
    const { d: _, ...publicKey } = await generateSigningJwk('public');
    const key = await generateSigningJwk('x');
    for (const bad of [
      await rsaJwk(1024),
      publicKey,
      { ...key, alg: 'HS256' },
      { ...key, alg: 'none' },
      { ...key, alg: undefined },
      { ...key, kid: undefined },
      { ...key, crv: 'P-384' },
    ]) {
      expect(refusedVariables({ SIGNING_KEYS: JSON.stringify([bad]) }), JSON.stringify(bad)).toEqual([
        'SIGNING_KEYS',
      ]);
      expect(refusedVariables({ SIGNING_KEYS: JSON.stringify([key, bad]) })).toEqual(['SIGNING_KEYS']);
    }
    expect(refusedVariables({ SIGNING_KEYS: JSON.stringify([key, key]) })).toEqual(['SIGNING_KEYS']);
    expect(refusedVariables({ SIGNING_KEYS: JSON.stringify([key, await rsaJwk(2048)]) })).toEqual([]);
  });

  test('and the message says nothing but names', () => {
    const values = {
      AUTH_SECRET: 'canary',
      BASE_URL: 'canary',
      DATABASE_URL: 'canary',
      SIGNING_KEYS: '["canary"]',
    };
    const names = ['BASE_URL', 'AUTH_SECRET', 'SIGNING_KEYS', 'DATABASE_URL'];
    expect(() => parse(values)).toThrow(new ConfigError(names));
    expect(new ConfigError(names).message).toBe(`missing or wrong: ${names.join(', ')}`);
  });
});

async function rsaJwk(modulusLength: number): Promise<object> {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength,
    publicExponent: new Uint8Array([1, 0, 1]),
  };
  const pair = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
  return { ...((await crypto.subtle.exportKey('jwk', pair.privateKey)) as object), kid: 'rsa', alg: 'RS256' };
}
