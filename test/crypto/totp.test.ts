import * as fc from 'fast-check';
import { HOTP, Secret, TOTP, URI } from 'otpauth';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { decodeBase32, encodeBase32 } from '../../src/crypto/base32.ts';
import {
  createTotpSecret,
  findTotpStep,
  otpauthUri,
  totpCode,
  totpPeriodSeconds,
  totpStep,
} from '../../src/crypto/totp.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const bytesOf = (text: string) => new TextEncoder().encode(text);
const nowMs = 1_790_000_123_456;
const rfcSecret = bytesOf('12345678901234567890');

describe('totpCode', () => {
  test.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('at %i s it is the last six digits of the SHA-1 vector of RFC 6238 appendix B', (seconds, code) => {
    expect(totpCode(rfcSecret, totpStep(seconds * 1000))).toBe(code);
  });

  test('the ten HOTP values of RFC 4226 appendix D come out', () => {
    const values = [
      '755224',
      '287082',
      '359152',
      '969429',
      '338314',
      '254676',
      '287922',
      '162583',
      '399871',
      '520489',
    ];
    expect(values.map((_, step) => totpCode(rfcSecret, step))).toEqual(values);
  });

  test('it is what the otpauth package computes, for secrets of every length and all times', () => {
    const secrets = fc.uint8Array({ minLength: 1, maxLength: 100 });
    const timestamps = fc.integer({ min: 0, max: 8.64e15 });
    fc.assert(
      fc.property(secrets, timestamps, (bytes, timestamp) => {
        const totp = new TOTP({ secret: new Secret({ buffer: bytes.slice().buffer }) });
        expect(totpCode(bytes, totpStep(timestamp))).toBe(totp.generate({ timestamp }));
      }),
      { numRuns: 2000 },
    );
  });

  test('its leading zeros are kept (OTP-10)', () => {
    const secret = new Secret({ buffer: rfcSecret.buffer });
    const codes = Array.from({ length: 2000 }, (_, step) => totpCode(rfcSecret, step));
    expect(codes.filter((code) => !/^\d{6}$/.test(code))).toEqual([]);
    for (const zeros of ['0', '00']) {
      const step = codes.findIndex((code) => code.startsWith(zeros));
      expect(codes[step]).toBe(HOTP.generate({ secret, counter: step }));
    }
  });
});

describe('totpStep', () => {
  test('a step lasts 30 seconds, the first of which is its own', () => {
    expect(totpPeriodSeconds).toBe(30);
    expect([0, 29_999, 30_000, 59_999, 60_000].map(totpStep)).toEqual([0, 0, 1, 1, 2]);
  });
});

describe('findTotpStep', () => {
  const current = totpStep(nowMs);
  const codeAt = (seconds: number) => totpCode(rfcSecret, totpStep(nowMs + seconds * 1000));

  test.each([-30, 0, 30])(
    'the code of %i s from now is accepted, and its step is named (OTP-04)',
    (seconds) => {
      expect(findTotpStep(rfcSecret, codeAt(seconds), nowMs)).toBe(current + seconds / 30);
    },
  );

  test.each([-90, -60, 60, 90])('the code of %i s from now is refused (OTP-04)', (seconds) => {
    expect(findTotpStep(rfcSecret, codeAt(seconds), nowMs)).toBeNull();
  });

  test('the window is the same in the first and the last millisecond of a step (OTP-04)', () => {
    const start = current * 30_000;
    for (const now of [start, start + 29_999]) {
      const accepted = [-3, -2, -1, 0, 1, 2, 3].filter(
        (distance) => findTotpStep(rfcSecret, totpCode(rfcSecret, current + distance), now) !== null,
      );
      expect(accepted).toEqual([-1, 0, 1]);
    }
  });

  test('the codes of another secret are refused', () => {
    for (const distance of [-1, 0, 1]) {
      const code = totpCode(bytesOf('another secret'), current + distance);
      expect(findTotpStep(rfcSecret, code, nowMs)).toBeNull();
    }
  });

  test('a code is refused in any other form: longer, shorter, spaced, or in digits outside ASCII (OTP-10)', () => {
    const code = codeAt(0);
    const spaced = [` ${code}`, `${code} `, `${code}\n`, `${code.slice(0, 3)} ${code.slice(3)}`];
    const fullWidth = code.replaceAll(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)));
    for (const text of [...spaced, fullWidth, `0${code}`, `${code}0`, code.slice(0, 5), `${code}\ud800`]) {
      expect(findTotpStep(rfcSecret, text, nowMs), text).toBeNull();
    }
  });

  test.each(['', '\ud800', 'x'.repeat(10_000)])('the text %j is refused and does not throw', (text) => {
    expect(findTotpStep(rfcSecret, text, nowMs)).toBeNull();
  });

  // Steps of the secret of the RFC whose codes are the same, found by search.
  test.each([
    ['this step and the one before', 59_061_240, 59_061_241, 59_061_241],
    ['this step and the one after', 59_061_240, 59_061_241, 59_061_240],
    ['the steps before and after', 58_261_606, 58_261_608, 58_261_607],
  ])('of a code that %s share, it is the later one (OTP-01)', (_, earlier, later, now) => {
    const code = totpCode(rfcSecret, earlier);
    expect(totpCode(rfcSecret, later)).toBe(code);
    expect(findTotpStep(rfcSecret, code, now * 30_000)).toBe(later);
  });

  test.each([
    ['the step before', () => codeAt(-30)],
    ['this step', () => codeAt(0)],
    ['the step after', () => codeAt(30)],
    ['no step', () => 'abcdef'],
  ])('the code of %s is compared in full with those of all three steps (OTP-12)', (_, code) => {
    const expected = [codeAt(-30), codeAt(0), codeAt(30)];
    const presented = code();
    const reads = recordReads();
    findTotpStep(rfcSecret, presented, nowMs);
    const whole = [0, 1, 2, 3, 4, 5];
    expect(reads).toEqual([
      { text: presented, places: [...whole, ...whole, ...whole] },
      ...expected.map((text) => ({ text, places: whole })),
    ]);
  });
});

/** Notes which bytes of each text that is encoded from now on are read, in their order. */
function recordReads(): { text: string; places: number[] }[] {
  const reads: { text: string; places: number[] }[] = [];
  const encoder = new TextEncoder();
  const encode = encoder.encode.bind(encoder);
  vi.spyOn(TextEncoder.prototype, 'encode').mockImplementation((text = '') => {
    const places: number[] = [];
    reads.push({ text, places });
    return new Proxy(encode(text), {
      get(bytes, name) {
        if (typeof name === 'string' && /^\d+$/.test(name)) places.push(Number(name));
        return Reflect.get(bytes, name);
      },
    });
  });
  return reads;
}

describe('createTotpSecret', () => {
  test('a secret has 160 bits, each of them random (OTP-05)', () => {
    const secrets = Array.from({ length: 200 }, createTotpSecret);
    expect(secrets.filter((secret) => secret.length !== 20)).toEqual([]);
    expect(new Set(secrets.map(encodeBase32)).size).toBe(200);
    // 200 fair coins all fall alike once in 2^199 tries.
    for (let bit = 0; bit < 160; bit++) {
      const values = secrets.map((secret) => (secret[bit >> 3]! >> (bit & 7)) & 1);
      expect(new Set(values).size, `bit ${bit}`).toBe(2);
    }
  });
});

describe('otpauthUri', () => {
  test('is written as the Key Uri Format says', () => {
    const secret = decodeBase32('HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ')!;
    expect(otpauthUri({ issuer: 'ACME Co', account: 'john.doe@email.com', secret })).toBe(
      'otpauth://totp/ACME%20Co:john.doe%40email.com?secret=HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ&issuer=ACME%20Co&algorithm=SHA1&digits=6&period=30',
    );
  });

  test.each([
    ['NEXORA', 'ada@example.com'],
    ['Nexora & Söhne', 'ada+test@example.com'],
    ['50% / #1?', 'a&b=c;d@example.com'],
    ["O'Neill (EU) *!~", '"two words"@example.com'],
    ['日本語', 'ünï@例え.jp'],
    ['Nexora', 'realm:ada@example.com'],
    ['%3A', '%20+%2B@example.com'],
    ['N', `${'a'.repeat(64)}@${'b'.repeat(185)}.com`],
  ])('of %j and %j gives the otpauth package back what went in', (issuer, account) => {
    const secret = createTotpSecret();
    const uri = otpauthUri({ issuer, account, secret });
    const parsed = URI.parse(uri);
    expect(parsed).toBeInstanceOf(TOTP);
    expect(parsed).toMatchObject({ issuer, label: account, algorithm: 'SHA1', digits: 6, period: 30 });
    expect(parsed.secret.bytes).toEqual(secret);
    expect(parsed).toHaveProperty('issuerInLabel', true);
  });

  test('its label has one colon, and its text no character but those of a URI', () => {
    const uri = otpauthUri({ issuer: 'A: B', account: 'c:d e', secret: rfcSecret });
    expect(uri).toMatch(/^otpauth:\/\/totp\/A%3A%20B:c%3Ad%20e\?/);
    expect(new URL(uri).searchParams.get('issuer')).toBe('A: B');
    expect(uri).not.toContain('+');
  });
});
