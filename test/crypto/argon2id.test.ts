import { argon2id as referenceArgon2id } from '@noble/hashes/argon2.js';
import { describe, expect, test } from 'vitest';
import { argon2Core } from '../../src/crypto/argon2-core.ts';
import { argon2id } from '../../src/crypto/argon2id.ts';

const bytes = (length: number, value: number) => new Uint8Array(length).fill(value);
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

describe('argon2id', () => {
  test('the Argon2id vector of RFC 9106 section 5.3 comes out', () => {
    const input = {
      password: bytes(32, 1),
      salt: bytes(16, 2),
      secret: bytes(8, 3),
      associatedData: bytes(12, 4),
    };
    const tag = argon2id(input, { memoryKib: 32, passes: 3, lanes: 4 }, 32);
    expect([...tag].map((byte) => byte.toString(16).padStart(2, '0')).join('')).toBe(
      '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659',
    );
  });

  const shapes: [memoryKib: number, passes: number, lanes: number, tagBytes: number][] = [
    [8, 1, 1, 4],
    [9, 1, 1, 64],
    [37, 4, 2, 65],
    [64, 1, 3, 96],
    [255, 3, 4, 128],
    [600, 2, 1, 33],
    [1024, 2, 2, 16],
    [2100, 1, 1, 1024],
    [4099, 2, 4, 32],
    [19_456, 2, 1, 32],
  ];
  test.each(shapes)(
    'm=%i, t=%i, p=%i, %i bytes agree with @noble/hashes',
    (memoryKib, passes, lanes, tagBytes) => {
      for (const passwordLength of memoryKib > 300 ? [12] : [0, 1, 7, 64, 129, 1000]) {
        const password = random(passwordLength);
        const salt = random(8 + (passwordLength % 57));
        const parameters = { t: passes, m: memoryKib, p: lanes, dkLen: tagBytes };
        expect(argon2id({ password, salt }, { memoryKib, passes, lanes }, tagBytes)).toEqual(
          referenceArgon2id(password, salt, parameters),
        );
      }
    },
  );

  test('a large hash leaves nothing that changes the next small one', () => {
    const input = { password: random(12), salt: random(16) };
    const small = { memoryKib: 64, passes: 1, lanes: 1 };
    const before = argon2id(input, small, 32);
    argon2id({ password: random(12), salt: random(16) }, { memoryKib: 65_536, passes: 2, lanes: 4 }, 32);
    expect(argon2id(input, small, 32)).toEqual(before);
  });

  test('the memory of the isolate stays at 65 MiB, whatever is hashed', () => {
    const core = argon2Core();
    argon2id({ password: random(12), salt: random(16) }, { memoryKib: 65_536, passes: 1, lanes: 1 }, 32);
    expect(argon2Core() === core).toBe(true);
    expect(core.bytes.buffer.byteLength).toBe(65 * 1024 * 1024);
  });

  test('parameters that do not fit are refused before any work', () => {
    const input = { password: random(12), salt: random(16) };
    for (const parameters of [
      { memoryKib: 65_537, passes: 1, lanes: 1 },
      { memoryKib: 15, passes: 1, lanes: 2 },
      { memoryKib: 8, passes: 0, lanes: 1 },
      { memoryKib: 8, passes: 1, lanes: 0 },
    ]) {
      expect(() => argon2id(input, parameters, 32)).toThrow(RangeError);
    }
  });
});
