import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { createKeyring } from '../../../src/crypto/keyring.ts';
import {
  createOneTimeToken,
  readOneTimeToken,
} from '../../../src/features/one-time-tokens/one-time-token.ts';

const secret = crypto.getRandomValues(new Uint8Array(32));
const keyring = createKeyring(secret);

describe('a one-time token', () => {
  test('is read back as what was stored of it', () => {
    const { token, hash } = createOneTimeToken(keyring, 'reset_password');
    expect(token).toMatch(/^nxp_[\w-]{86}$/);
    expect(readOneTimeToken(keyring, ['reset_password'], token)).toEqual({ kind: 'reset_password', hash });
  });

  test('holds 256 random bits, of which only the SHA-256 is stored (RST-02, EML-06, SES-02)', async () => {
    const { token, hash } = createOneTimeToken(keyring, 'unlock');
    const bytes = Uint8Array.from(
      atob(token.slice(4).replaceAll('-', '+').replaceAll('_', '/')),
      (character) => character.charCodeAt(0),
    );
    expect(bytes).toHaveLength(64);
    const digest = await crypto.subtle.digest('SHA-256', bytes.slice(0, 32));
    expect(bytesToHex(new Uint8Array(digest))).toBe(hash);
    const others = new Set(Array.from({ length: 1000 }, () => createOneTimeToken(keyring, 'unlock').hash));
    expect(others.size).toBe(1000);
  });

  test('is nothing under another prefix, since its MAC names the kind', () => {
    const { token } = createOneTimeToken(keyring, 'unlock');
    const renamed = token.replace('nxu_', 'nxp_');
    expect(readOneTimeToken(keyring, ['unlock', 'reset_password'], renamed)).toBeNull();
    expect(readOneTimeToken(keyring, ['reset_password'], token)).toBeNull();
  });

  test('is found forged without the database when any character is changed', () => {
    const { token } = createOneTimeToken(keyring, 'not_me');
    for (let at = 0; at < token.length - 1; at += 7) {
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
      expect(readOneTimeToken(keyring, ['not_me'], changed), `character ${at}`).toBeNull();
    }
    expect(readOneTimeToken(keyring, ['not_me'], `${token}A`)).toBeNull();
    expect(readOneTimeToken(keyring, ['not_me'], token.slice(0, -1))).toBeNull();
  });

  test('is still good while AUTH_SECRET is being replaced, and not with another one', () => {
    const { token, hash } = createOneTimeToken(keyring, 'verify_email');
    const other = crypto.getRandomValues(new Uint8Array(32));
    expect(readOneTimeToken(createKeyring(other, secret), ['verify_email'], token)?.hash).toBe(hash);
    expect(readOneTimeToken(createKeyring(other), ['verify_email'], token)).toBeNull();
  });
});
