import { describe, expect, test } from 'vitest';
import { hashPassword, verifyPassword } from '../../src/crypto/password-hash.ts';
import { countBlocks } from './count-blocks.ts';

const accepted = { matches: true, needsRehash: true, isMalformed: false };
const rejected = { matches: false, needsRehash: false, isMalformed: false };
const malformed = { matches: false, needsRehash: false, isMalformed: true };

describe('hashes of the legacy system', () => {
  // Computed by libxcrypt 4.4 (crypt(3) of Debian), except the last two, which are crypt_blowfish's own vectors.
  const tags: [password: string, saltAndTag: string][] = [
    ['correct horse', '05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2'],
    ['pässwörd \u{1f984}', '05$abcdefghijklmnopqrstuugvBl.1GDCco8h/6VlMRGHp9WeJnjzwG'],
    ['0123456789'.repeat(8), '05$abcdefghijklmnopqrstuuLkMZtUsVwf9Ptg/wgiNv8ZhtnAHnix.'],
    ['', '05$abcdefghijklmnopqrstuu0oImNDIy4flhldV9YqunRgBAePKmw7m'],
    ['U*U', '05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ['U*U*U', '05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a'],
  ];
  for (const version of ['2a', '2b', '2y']) {
    test.each(tags)(
      `HSH-04: bcrypt $${version}$ of %j matches and asks to be replaced`,
      async (password, rest) => {
        expect(await verifyPassword(`$${version}$${rest}`, password)).toEqual(accepted);
        expect(await verifyPassword(`$${version}$${rest}`, `x${password}`)).toEqual(rejected);
      },
    );
  }

  test('HSH-08: bcrypt compares 72 bytes, and the hash that replaces it compares all of them', async () => {
    const password = '0123456789'.repeat(8);
    const legacy = '$2b$05$abcdefghijklmnopqrstuuLkMZtUsVwf9Ptg/wgiNv8ZhtnAHnix.';
    const other = `${password.slice(0, 72)}zzz`;
    expect((await verifyPassword(legacy, other)).matches).toBe(true);
    expect((await verifyPassword(await hashPassword(password), other)).matches).toBe(false);
  });

  test('PWD-04: bcrypt gets the password as it was typed, since the legacy system did not normalise', async () => {
    const decomposed = '$2b$05$abcdefghijklmnopqrstuusKeFw3RaP1O7CX4UsL1Zvha7joCwYZ.';
    expect(await verifyPassword(decomposed, 'cafe\u0301 au lait')).toEqual(accepted);
    expect(await verifyPassword(decomposed, 'caf\u00e9 au lait')).toEqual(rejected);
  });

  test('bcrypt of cost 12 is still accepted', async () => {
    const stored = '$2y$12$abcdefghijklmnopqrstuuFDJRuYeKkCzo3Wy7h8SxhBSHBAHiPK2';
    expect(await verifyPassword(stored, 'correct horse')).toEqual(accepted);
  });
});

describe('hostile stored hashes', () => {
  const bcryptTail = 'abcdefghijklmnopqrstuufJyGQz74MaXA58G4n4SAlu8WLjGODFe';
  const salt = 'AAECAwQFBgcICQoLDA0ODw';
  const tag = 'I9qSnKfZTKjh9HRUOrZlO6UVXEwwNZ1beJui1jJ4KmI';
  const phc = (parameters: string, saltText = salt, tagText = tag) =>
    `$argon2id$v=19$${parameters}$${saltText}$${tagText}`;

  const cases: [name: string, stored: string][] = [
    ['an empty text', ''],
    ['a plain text password', 'correct horse'],
    ['bcrypt of cost 13', `$2y$13$${bcryptTail}`],
    ['bcrypt of cost 20', `$2b$20$${bcryptTail}`],
    ['bcrypt of cost 99', `$2b$99$${bcryptTail}`],
    ['bcrypt of cost 03', `$2b$03$${bcryptTail}`],
    ['bcrypt of cost -1', `$2b$-1$${bcryptTail}`],
    ['bcrypt version 2x', `$2x$05$${bcryptTail}`],
    ['bcrypt version 2', `$2$05$${bcryptTail}`],
    ['bcrypt with a short tag', `$2b$05$${bcryptTail.slice(1)}`],
    ['bcrypt with a long tag', `$2b$05$${bcryptTail}a`],
    ['bcrypt with a line end', `$2b$05$${bcryptTail}\n`],
    ['bcrypt with a foreign character', `$2b$05$${bcryptTail.slice(1)}=`],
    ['8 GiB of memory', phc('m=8388608,t=2,p=1')],
    ['memory above the cap', phc('m=65537,t=1,p=1')],
    ['memory as a large number', phc(`m=${'9'.repeat(60)},t=2,p=1`)],
    ['memory below 8 KiB per lane', phc('m=31,t=2,p=4')],
    ['no memory', phc('m=0,t=2,p=1')],
    ['a billion passes', phc('m=19456,t=1000000000,p=1')],
    ['five passes', phc('m=8,t=5,p=1')],
    ['no passes', phc('m=19456,t=0,p=1')],
    ['the most memory with the most passes', phc('m=65536,t=4,p=1')],
    ['a million lanes', phc('m=65536,t=1,p=1000000')],
    ['five lanes', phc('m=65536,t=1,p=5')],
    ['no lanes', phc('m=19456,t=2,p=0')],
    ['a negative number', phc('m=-19456,t=2,p=1')],
    ['a fraction', phc('m=19456.5,t=2,p=1')],
    ['a hexadecimal number', phc('m=0x4c00,t=2,p=1')],
    ['a leading zero', phc('m=019456,t=2,p=1')],
    ['parameters in another order', phc('t=2,m=19456,p=1')],
    ['a missing parameter', phc('m=19456,t=2')],
    ['an additional parameter', phc('m=19456,t=2,p=1,keyid=AA')],
    ['Argon2 version 16', phc('m=19456,t=2,p=1').replace('v=19', 'v=16')],
    ['no Argon2 version', phc('m=19456,t=2,p=1').replace('$v=19', '')],
    ['argon2i', phc('m=19456,t=2,p=1').replace('argon2id', 'argon2i')],
    ['argon2d', phc('m=19456,t=2,p=1').replace('argon2id', 'argon2d')],
    ['a salt of 7 bytes', phc('m=19456,t=2,p=1', 'AAECAwQFBg')],
    ['a giant salt', phc('m=19456,t=2,p=1', 'A'.repeat(4000))],
    ['a salt of 65 bytes', phc('m=19456,t=2,p=1', 'A'.repeat(87))],
    ['no salt', phc('m=19456,t=2,p=1', '')],
    ['a tag of 15 bytes', phc('m=19456,t=2,p=1', salt, 'A'.repeat(20))],
    ['a tag of 65 bytes', phc('m=19456,t=2,p=1', salt, 'A'.repeat(87))],
    ['a giant tag', phc('m=19456,t=2,p=1', salt, 'A'.repeat(40_000))],
    ['no tag', phc('m=19456,t=2,p=1', salt, '')],
    ['padded base64', phc('m=19456,t=2,p=1', `${salt}==`)],
    ['base64 that is not canonical', phc('m=19456,t=2,p=1', 'AAECAwQFBgcICQoLDA0ODx')],
    ['base64url', phc('m=19456,t=2,p=1', 'AAECAwQFBgcICQoLDA0O_w')],
    ['a line end', `${phc('m=19456,t=2,p=1')}\n`],
    ['something after the tag', `${phc('m=19456,t=2,p=1')}$`],
    ['PBKDF2 of a billion iterations', '$pbkdf2-sha256$i=1000000000$AAECAwQFBgcICQoLDA0ODw$AAAA'],
    ['scrypt of 4 GiB', `$scrypt$ln=22,r=8,p=1$${salt}$${tag}`],
    ['10 KiB of dollars', '$'.repeat(10_240)],
    ['10 KiB of garbage behind a good start', `$argon2id$v=19$m=19456,t=2,p=1$${'\ud800\0%'.repeat(3400)}`],
  ];

  const cheap = { memoryKib: 8, passes: 1, lanes: 1 };

  test.each(cases)(
    'HSH-05: %s is a wrong password within a second, at the work of one hash, and is reported',
    async (_, stored) => {
      const start = performance.now();
      const blocks = await countBlocks(async () => {
        expect(await verifyPassword(stored, 'correct horse', cheap)).toEqual(malformed);
      });
      expect(performance.now() - start).toBeLessThan(1000);
      // The work of one hash with the parameters of new ones, so that it is not told from a wrong password by its time.
      expect(blocks).toBe(await countBlocks(() => verifyPassword(null, 'correct horse', cheap)));
    },
  );

  test('HSH-05: the work of one hash is that of the live parameters', async () => {
    expect(await countBlocks(() => verifyPassword('', 'correct horse'))).toBe(38_910);
  });
});
