import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBase64Url, encodeBase64Url } from '../../src/crypto/base64url.ts';
import { createKeyring, mac } from '../../src/crypto/keyring.ts';
import {
  decodeSignedEntries,
  encodeSignedEntries,
  type SignedEntriesFormat,
} from '../../src/crypto/signed-entries.ts';

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
const keyring = createKeyring(random(32));

const sharing: SignedEntriesFormat = {
  prefix: 'abc_',
  purpose: 'device-token',
  sharedBytes: 16,
  entryBytes: 20,
  entriesMax: 5,
};
const lone: SignedEntriesFormat = {
  prefix: 'd_',
  purpose: 'trusted-device',
  sharedBytes: 0,
  entryBytes: 29,
  entriesMax: 3,
};
/** Here an entry with its MAC is shorter than what all share. */
const sharingMuch: SignedEntriesFormat = { ...sharing, sharedBytes: 60 };

const partsOf = ({ sharedBytes, entryBytes }: SignedEntriesFormat, count: number) => ({
  shared: random(sharedBytes),
  entries: Array.from({ length: count }, () => random(entryBytes)),
});
const concatenate = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const bytesOf = ({ prefix }: SignedEntriesFormat, token: string) =>
  decodeBase64Url(token.slice(prefix.length))!;
const textOf = ({ prefix }: SignedEntriesFormat, bytes: Uint8Array) => prefix + encodeBase64Url(bytes);

describe.each([
  ['with a shared part', sharing],
  ['with a large shared part', sharingMuch],
  ['without a shared part', lone],
])('a token of signed entries %s', (_, format) => {
  const { sharedBytes, entryBytes, entriesMax, purpose } = format;

  test('gives back what went in, from no entry to as many as it may hold', () => {
    for (let count = 0; count <= entriesMax; count++) {
      const parts = partsOf(format, count);
      const token = encodeSignedEntries(keyring, format, parts);
      expect(token.startsWith(format.prefix)).toBe(true);
      expect(decodeSignedEntries(keyring, format, token)).toEqual(parts);
    }
  });

  test('is the prefix, the shared bytes, and each entry with the HMAC over both', () => {
    const { shared, entries } = partsOf(format, 2);
    const signed = entries.map((entry) =>
      concatenate(entry, mac(keyring, purpose, concatenate(shared, entry))),
    );
    expect(encodeSignedEntries(keyring, format, { shared, entries })).toBe(
      textOf(format, concatenate(shared, ...signed)),
    );
  });

  test('keeps the first entries when there are more than it may hold', () => {
    const { shared, entries } = partsOf(format, entriesMax + 2);
    const token = encodeSignedEntries(keyring, format, { shared, entries });
    expect(decodeSignedEntries(keyring, format, token)?.entries).toEqual(entries.slice(0, entriesMax));
  });

  test('with any one byte changed loses that entry, and all of them if the byte is shared', () => {
    const { shared, entries } = partsOf(format, 3);
    const bytes = bytesOf(format, encodeSignedEntries(keyring, format, { shared, entries }));
    for (const index of bytes.keys()) {
      const changed = bytes.slice();
      changed[index]! ^= 0x10;
      const lost = Math.floor((index - sharedBytes) / (entryBytes + 32));
      const survivors = lost < 0 ? [] : entries.filter((__, position) => position !== lost);
      expect(decodeSignedEntries(keyring, format, textOf(format, changed))?.entries, `byte ${index}`).toEqual(
        survivors,
      );
    }
  });

  test('is good under the current secret and the one before, and worth nothing under another (SUP-04)', () => {
    const [older, newer] = [random(32), random(32)];
    const parts = partsOf(format, 1);
    const token = encodeSignedEntries(createKeyring(older), format, parts);
    expect(decodeSignedEntries(createKeyring(newer, older), format, token)).toEqual(parts);
    expect(decodeSignedEntries(createKeyring(newer), format, token)?.entries).toEqual([]);
  });

  test('is worth nothing as a token of another purpose (SUP-04)', () => {
    const token = encodeSignedEntries(keyring, format, partsOf(format, 2));
    const other: SignedEntriesFormat = { ...format, purpose: 'refresh-token' };
    expect(decodeSignedEntries(keyring, other, token)?.entries).toEqual([]);
  });

  test('counts by its first entries where it has more than the maximum by now, and no further MAC is tried', () => {
    const more = { ...format, entriesMax: entriesMax + 3 };
    const { shared, entries } = partsOf(format, entriesMax + 3);
    const token = encodeSignedEntries(keyring, more, { shared, entries });
    expect(decodeSignedEntries(keyring, more, token)?.entries).toHaveLength(entriesMax + 3);
    expect(decodeSignedEntries(keyring, format, token)).toEqual({
      shared,
      entries: entries.slice(0, entriesMax),
    });
    const forged = encodeSignedEntries(keyring, { ...more, purpose: 'refresh-token' }, { shared, entries });
    expect(decodeSignedEntries(keyring, format, forged)?.entries).toEqual([]);
  });

  test('is null beyond the length of a cookie', () => {
    const many = { ...format, entriesMax: 200 };
    const token = encodeSignedEntries(keyring, many, partsOf(format, 100));
    expect(token.length).toBeGreaterThan(4096);
    expect(decodeSignedEntries(keyring, many, token)).toBeNull();
  });

  test('is null for any other number of bytes', () => {
    const lengths = Array.from({ length: sharedBytes + 2 * (entryBytes + 32) + 1 }, (__, length) => length);
    const accepted = lengths.filter(
      (length) => decodeSignedEntries(keyring, format, textOf(format, new Uint8Array(length))) !== null,
    );
    expect(accepted).toEqual([0, 1, 2].map((count) => sharedBytes + count * (entryBytes + 32)));
  });

  test('is null for another prefix, and for text that is no base64url', () => {
    const token = encodeSignedEntries(keyring, format, partsOf(format, 1));
    const content = token.slice(format.prefix.length);
    const wrong = [
      '',
      content,
      `xyz_${content}`,
      `${format.prefix.toUpperCase()}${content}`,
      ` ${token}`,
      `${token}=`,
    ];
    for (const text of [...wrong, `${token} `, `${format.prefix}%${content.slice(1)}`]) {
      expect(decodeSignedEntries(keyring, format, text), text).toBeNull();
    }
  });

  test('no bytes make it throw or give an entry that was not signed', () => {
    const possible = fc.integer({ min: 1, max: entriesMax }).chain((count) => {
      const length = sharedBytes + count * (entryBytes + 32);
      return fc.uint8Array({ minLength: length, maxLength: length });
    });
    fc.assert(
      fc.property(fc.oneof(possible, fc.uint8Array({ maxLength: 400 })), (bytes) => {
        expect(decodeSignedEntries(keyring, format, textOf(format, bytes))?.entries ?? []).toEqual([]);
      }),
    );
  });

  test('is not made of parts that have another length than the format gives', () => {
    const { shared, entries } = partsOf(format, 1);
    for (const parts of [
      { shared: random(sharedBytes + 1), entries },
      { shared, entries: [random(entryBytes - 1)] },
      { shared, entries: [...entries, random(entryBytes + 1)] },
    ]) {
      expect(() => encodeSignedEntries(keyring, format, parts)).toThrow(RangeError);
    }
  });
});

test('an entry is worth nothing beside another shared part', () => {
  const [mine, theirs] = [partsOf(sharing, 1), partsOf(sharing, 1)];
  const [mineBytes, theirBytes] = [mine, theirs].map((parts) =>
    bytesOf(sharing, encodeSignedEntries(keyring, sharing, parts)),
  );
  const spliced = concatenate(mineBytes!, theirBytes!.subarray(sharing.sharedBytes));
  expect(decodeSignedEntries(keyring, sharing, textOf(sharing, spliced))?.entries).toEqual(mine.entries);
});
