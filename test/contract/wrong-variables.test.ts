import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/variable-reader.ts';
import { generateSigningJwk } from '../support/test-env.ts';
import { parse, refusedVariables } from './minimal-env.ts';

describe('a variable with a wrong value is refused by its name (SUP-01)', () => {
  const origins = [
    '*',
    'null',
    'auth.example.com',
    'https://a.example/path',
    'https://a.example?x',
    'https://u:p@a.example',
  ];
  const insecure = [
    'http://auth.example.com',
    'ftp://auth.example.com',
    'javascript:alert(1)',
    'https://*.example.com',
  ];
  const integers = ['-1', '1.5', '1e3', '0x10', 'NaN', 'ten', '1 000', '9999999999'];

  test.each<[name: string, values: readonly string[]]>([
    ['BASE_URL', [...origins, ...insecure]],
    [
      'ALLOWED_ORIGINS',
      [...origins, ...insecure, 'https://a.example,*', 'https://a.example;https://b.example'],
    ],
    ['ENVIRONMENT', ['dev', 'Production', 'test', '*']],
    [
      'DATABASE_URL',
      [
        '*',
        'secret',
        'mysql://u:p@h/db',
        'postgresql://h/db',
        'postgresql://u:p@h',
        'postgresql://u:p@/db',
        'postgresql://u:p@h:99999/db',
        'postgresql://u:p@ho st/db',
        'postgresql://u:p@h%20x/db',
        'postgresql://u:p@1.2.3.999/db',
        'https://u:p@h/db',
      ],
    ],
    [
      'DATABASE_HTTP_ENDPOINT',
      ['*', 'http://db.example.com/sql', '127.0.0.1:5488', 'https://u:p@db.example.com'],
    ],
    ['DATABASE_TIMEOUT_MS', [...integers, '0', '99', '8001']],
    ['AUTH_SECRET', ['secret', '*', 'a'.repeat(32), btoa('x'.repeat(31)), '!'.repeat(64)]],
    ['AUTH_SECRET_PREVIOUS', ['secret', '*', btoa('x'.repeat(31))]],
    [
      'SIGNING_KEYS',
      [
        '*',
        'secret',
        '[]',
        '{}',
        'null',
        '[{}]',
        '["x"]',
        '[{"kty":"oct","k":"c2VjcmV0","alg":"HS256","kid":"x"}]',
      ],
    ],
    ['LEGACY_REFRESH_COOKIE', ['a b', 'a;b', 'a=b', 'ä', '__Host-nexora_refresh', 'x'.repeat(129)]],
    ['ACCESS_TOKEN_TTL_SECONDS', [...integers, '0', '901']],
    ['SESSION_TTL_SECONDS', [...integers, '0', '34560001']],
    ['SESSION_IDLE_TTL_SECONDS', [...integers, '0', '34560001']],
    ['REFRESH_GRACE_SECONDS', [...integers, '31']],
    ['EMAIL_VERIFICATION', ['on', 'true', 'Off', 'Required', '*']],
    ['PASSWORD_MIN_LENGTH', [...integers, '7', '65']],
    ['BREACHED_PASSWORD_CHECK', ['0', 'no', 'FALSE', '*']],
    ['HIBP_URL', ['*', 'http://api.example.com', 'api.example.com', 'https://u@api.example.com']],
    ['MAIL_TRANSPORT', ['smtp', 'LOG', '*', 'outbox']],
    [
      'MAIL_FROM',
      [
        '*',
        'NEXORA',
        'no-reply',
        'a@example.com, b@example.com',
        'A <a@example.com>, B <b@example.com>',
        'A <a@example.com> b',
        'A\r\nBcc: b@example.com <a@example.com>',
        'A <a@example.com\r\nBcc: b@example.com>',
        '"A" B <a@example.com>',
        'A\\ <a@example.com>',
        '"A\\" <a@example.com>, " <b@example.com>',
        'b@example.com, A <a@example.com>',
        'A\tB <a@example.com>',
        `${'A'.repeat(101)} <a@example.com>`,
        '<>',
        'A <>',
      ],
    ],
    [
      'MAIL_HTTP_URL',
      [
        '*',
        'http://mail.example.com',
        'mail.example.com',
        'https://u:p@mail.example.com',
        'https://u@mail.example.com/x',
        'https://:p@mail.example.com/x',
      ],
    ],
    ['RESEND_API_KEY', ['re_1 re_2', 're_1\nre_2', 're_1\r\nX: y', 're_ключ', 're_é', 're_\u007f', 're_\0']],
    ['DEMO_MODE', ['1', 'yes', 'TRUE', '*', 'true']],
    ['LOGIN_ATTEMPTS_MAX', [...integers, '0', '101']],
    ['LOGIN_WINDOW_SECONDS', [...integers, '0', '86401']],
    ['RATE_LIMIT_PER_MINUTE', [...integers, '0', '100001']],
  ])('%s', (name, values) => {
    for (const value of values) expect(refusedVariables({ [name]: value }), value).toEqual([name]);
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
    const names = ['BASE_URL', 'DATABASE_URL', 'AUTH_SECRET', 'SIGNING_KEYS'];
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
