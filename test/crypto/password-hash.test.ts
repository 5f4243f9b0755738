import { describe, expect, test, vi } from 'vitest';
import { hashPassword, verifyPassword } from '../../src/crypto/password-hash.ts';
import { parseArgon2Hash } from '../../src/crypto/phc.ts';
import { countBlocks } from './count-blocks.ts';

const accepted = { matches: true, needsRehash: false, isMalformed: false };
const rejected = { matches: false, needsRehash: false, isMalformed: false };

describe('hashPassword', () => {
  test('HSH-01: writes a self-describing Argon2id string with m=19456, t=2, p=1, 16 bytes of salt, 32 of tag', async () => {
    const stored = await hashPassword('correct horse battery staple');
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(parseArgon2Hash(stored)?.salt).toHaveLength(16);
    expect(parseArgon2Hash(stored)?.tag).toHaveLength(32);
  });

  test('HSH-01: two users with the same password have different strings, and both sign in', async () => {
    const stored = await Promise.all([hashPassword('the same password'), hashPassword('the same password')]);
    expect(stored[0]).not.toBe(stored[1]);
    expect(await verifyPassword(stored[0], 'the same password')).toEqual(accepted);
    expect(await verifyPassword(stored[1], 'the same password')).toEqual(accepted);
  });

  test('HSH-02: neither hashing nor verifying uses a key derivation that production limits', async () => {
    const refuse = () =>
      Promise.reject(new Error('Pbkdf2 failed: iteration counts above 100000 are not supported'));
    const spies = [
      vi.spyOn(crypto.subtle, 'deriveBits').mockImplementation(refuse),
      vi.spyOn(crypto.subtle, 'deriveKey').mockImplementation(refuse),
    ];
    await expect(crypto.subtle.deriveBits('PBKDF2', {} as CryptoKey, 256)).rejects.toThrow('Pbkdf2');
    expect(await verifyPassword(await hashPassword('a password'), 'a password')).toEqual(accepted);
    for (const spy of spies) spy.mockRestore();
  });

  test('PWD-07: text with lone surrogates is refused, since all of it would become one password', async () => {
    await expect(hashPassword('\ud800 is no password')).rejects.toThrow(TypeError);
    await expect(hashPassword('nor is this \udc00')).rejects.toThrow(TypeError);
  });
});

// The parameters make no difference to which texts are one password.
const cheap = { memoryKib: 8, passes: 1, lanes: 1 };
const hash = (password: string) => hashPassword(password, cheap);
const verify = (stored: string | null, password: string) => verifyPassword(stored, password, cheap);

describe('verifyPassword', () => {
  test('PWD-02: nothing is cut: only the whole of a long password matches', async () => {
    const password = `${'0123456789'.repeat(100)}\u{1f600}`;
    const stored = await hash(password);
    expect(await verify(stored, password)).toEqual(accepted);
    for (const wrong of [
      password.slice(0, 72),
      `${password.slice(0, 72)}junk`,
      `${password}x`,
      `${password.slice(0, -2)}\u{1f601}`,
      '',
    ]) {
      expect(await verify(stored, wrong)).toEqual(rejected);
    }
  });

  test('PWD-04: composed and decomposed forms are one password', async () => {
    expect(await verify(await hash('caf\u0065\u0301 au lait'), 'caf\u00e9 au lait')).toEqual(accepted);
    expect(await verify(await hash('caf\u00e9 au lait'), 'caf\u0065\u0301 au lait')).toEqual(accepted);
  });

  test.each([
    ['compatibility forms', '\ufb01ve of them', 'five of them'],
    ['full-width letters', '\uff41bcdefgh', 'abcdefgh'],
    ['case', 'Correct Horse', 'correct horse'],
    ['a leading space', ' correct horse', 'correct horse'],
    ['a trailing space', 'correct horse ', 'correct horse'],
    ['a line end', 'correct horse\n', 'correct horse'],
    ['a byte order mark', '\ufeffcorrect horse', 'correct horse'],
  ])('PWD-05: %s make another password', async (_, password, other) => {
    const stored = await hash(password);
    expect(await verify(stored, password)).toEqual(accepted);
    expect(await verify(stored, other)).toEqual(rejected);
  });

  test('PWD-06: NUL and control characters neither end a password nor crash', async () => {
    const stored = await hash('abcdefgh\0ijklmnop\u0007');
    expect(await verify(stored, 'abcdefgh\0ijklmnop\u0007')).toEqual(accepted);
    for (const wrong of ['abcdefgh', 'abcdefgh\0XXXX', 'abcdefghijklmnop\u0007', '\0', '\u0001']) {
      expect(await verify(stored, wrong)).toEqual(rejected);
    }
  });

  test('an empty password and one of a single control character are texts like any other', async () => {
    for (const password of ['', '\0', '\u0005']) {
      expect(await verify(await hash(password), password)).toEqual(accepted);
    }
  });

  test('PWD-07: text with lone surrogates matches nothing, not even the hash of U+FFFD', async () => {
    const stored = await hash('\ufffd is a character');
    expect(await verify(stored, '\ud800 is a character')).toEqual(rejected);
    expect(await verify(null, '\ud800')).toEqual(rejected);
  });

  test('a hash with other parameters still matches, and asks to be made again only when it does', async () => {
    const foreign = [
      // RFC 9106 section 4, second recommended option: the most expensive that is accepted.
      '$argon2id$v=19$m=65536,t=3,p=4$AAECAwQFBgcICQoLDA0ODw$V38f836aPlLJfTn46DiRwbc7Dof/4EKc7o7eL7AF/kQ',
      '$argon2id$v=19$m=19456,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$jcxJZ7XI4OrXiG8VtFG9acsiIIoYMWlOOXBQn0SPiJM',
      '$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgc$C9uFw/M7az0FBJg5hBVbV+2YmieJyXRGa6RrybLiIbY',
      '$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$1ZHFDAXdTLexEN5AhRUE7w',
    ];
    for (const stored of foreign) {
      expect(await verifyPassword(stored, 'correct horse')).toEqual({ ...accepted, needsRehash: true });
      expect(await verifyPassword(stored, 'incorrect horse')).toEqual(rejected);
    }
  });
});

describe('comparing with no hash', () => {
  test('HSH-09: an absent hash and ill-formed text take the work of a present hash, and never match', async () => {
    const stored = await hashPassword('any password');
    const present = await countBlocks(() => verifyPassword(stored, 'another password'));
    expect(present).toBe(38_910);
    expect(await countBlocks(() => verifyPassword(null, 'another password'))).toBe(present);
    expect(await countBlocks(() => verifyPassword(stored, '\ud800'))).toBe(present);
    expect(await countBlocks(() => verifyPassword(null, '\ud800'))).toBe(present);
    expect(await verifyPassword(null, 'another password')).toEqual(rejected);
  });

  test('HSH-09: takes the work of the parameters that hashes are made with', async () => {
    const stored = await hashPassword('any password', cheap);
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=8,t=1,p=1\$/);
    const present = await countBlocks(() => verifyPassword(stored, 'another password', cheap));
    expect(await countBlocks(() => verifyPassword(null, 'another password', cheap))).toBe(present);
    expect(await verifyPassword(stored, 'any password', cheap)).toEqual(accepted);
    expect(await verifyPassword(stored, 'any password')).toEqual({ ...accepted, needsRehash: true });
  });
});
