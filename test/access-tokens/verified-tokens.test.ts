import { beforeAll, describe, expect, test } from 'vitest';
import { signAccessToken, verifyAccessToken } from '../../src/access-tokens/access-token.ts';
import { VerifiedTokens } from '../../src/access-tokens/verified-tokens.ts';
import { importSigningKeys, type SigningKeySet } from '../../src/crypto/signing-keys.ts';
import { claims, generateJwk, settings } from './forge.ts';

const nowMs = 1_790_000_123_456;
let keySet: SigningKeySet;
let token: string;

beforeAll(async () => {
  keySet = await importSigningKeys([await generateJwk('ES256', 'key')]);
  token = await signAccessToken(keySet, settings, claims, nowMs);
});

/** A memory of tokens, in which one is remembered. */
async function remembering(remembered = token): Promise<VerifiedTokens> {
  const tokens = new VerifiedTokens(keySet, settings);
  expect(await tokens.verify(remembered, nowMs)).not.toBeNull();
  return tokens;
}

describe('the memory of verified tokens', () => {
  test('recalls what a token said, and nothing before it was verified', async () => {
    const tokens = new VerifiedTokens(keySet, settings);
    expect(tokens.recall(token, nowMs)).toBeNull();
    expect(await tokens.verify(token, nowMs)).toEqual(claims);
    expect(tokens.recall(token, nowMs)).toEqual(claims);
    expect(await tokens.verify(token, nowMs)).toEqual(claims);
  });

  test('recalls a token at no time at which it would not be valid (T26)', async () => {
    const tokens = await remembering();
    for (const seconds of [-1e6, -40, -32, -31, -30, -1, 0, 899, 900, 928, 929, 930, 931, 961, 1e6]) {
      const at = nowMs + 1000 * seconds;
      const verified = await verifyAccessToken(keySet, settings, token, at);
      expect(tokens.recall(token, at), `${seconds} s`).toEqual(verified);
      expect(await tokens.verify(token, at), `${seconds} s`).toEqual(verified);
    }
  });

  test('a token that lives longer than today would be allowed is recalled as long as it is allowed (JWT-07)', async () => {
    const long = await signAccessToken(keySet, { ...settings, ttlSeconds: 90_000 }, claims, nowMs);
    const tokens = await remembering(long);
    for (const seconds of [899, 929, 931, 1000]) {
      const at = nowMs + 1000 * seconds;
      const verified = await verifyAccessToken(keySet, settings, long, at);
      expect(tokens.recall(long, at) ?? (await tokens.verify(long, at)), `${seconds} s`).toEqual(verified);
    }
  });

  test('a token whose key was removed is not valid, however often it was before (JWT-09)', async () => {
    await remembering();
    const others = await importSigningKeys([await generateJwk('ES256', 'key')]);
    const after = new VerifiedTokens(others, settings);
    expect(await after.verify(token, nowMs)).toBeNull();
    expect(after.recall(token, nowMs)).toBeNull();
  });

  test('a token of another deployment is not valid beside one that is', async () => {
    const tokens = await remembering();
    const elsewhere = {
      ...settings,
      issuer: 'https://auth.example.org',
      audience: 'https://auth.example.org',
    };
    const foreign = await signAccessToken(keySet, elsewhere, claims, nowMs);
    expect(await tokens.verify(foreign, nowMs)).toBeNull();
    expect(tokens.recall(foreign, nowMs)).toBeNull();
  });

  test('no other text is taken for the token', async () => {
    const tokens = await remembering();
    const [head = '', body = '', signature = ''] = token.split('.');
    const swapped = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
    const others = [
      `${token} `,
      ` ${token}`,
      `${token}=`,
      token.toUpperCase(),
      token.slice(0, -1),
      `${head}.${body}.${swapped}`,
      `${head}.${body}.`,
      '',
    ];
    for (const other of others) {
      expect(tokens.recall(other, nowMs), other).toBeNull();
      expect(await tokens.verify(other, nowMs), other).toBeNull();
      expect(tokens.recall(other, nowMs), other).toBeNull();
    }
  });

  test('a token of the demo user is never remembered (DEM-06)', async () => {
    const demo = await signAccessToken(keySet, settings, { ...claims, demo: true }, nowMs);
    const tokens = new VerifiedTokens(keySet, settings);
    expect(await tokens.verify(demo, nowMs)).toBeNull();
    expect(await verifyAccessToken(keySet, settings, demo, nowMs, { demo: true })).not.toBeNull();
    expect(tokens.recall(demo, nowMs)).toBeNull();
  });

  test('it is bounded: the oldest is verified again', async () => {
    const tokens = new VerifiedTokens(keySet, settings, 2);
    const [first, second, third] = await Promise.all(
      [1, 2, 3].map(() => signAccessToken(keySet, settings, claims, nowMs)),
    );
    for (const each of [first!, second!, first!, third!]) await tokens.verify(each, nowMs);
    expect([first!, second!, third!].map((each) => tokens.recall(each, nowMs) !== null)).toEqual([
      false,
      true,
      true,
    ]);
    expect(await tokens.verify(first!, nowMs)).toEqual(claims);
  });
});
