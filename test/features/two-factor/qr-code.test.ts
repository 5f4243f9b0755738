import { describe, expect, test } from 'vitest';
import { createTotpSecret, otpauthUri } from '../../../src/crypto/totp.ts';
import { qrCodeUri } from '../../../src/features/two-factor/qr-code.ts';
import { image, readDrawing, scan } from './scan-qr-code.ts';

const longAccount = `${'a'.repeat(64)}@${'b'.repeat(185)}.com`;

describe('the QR code of an enrolment', () => {
  test.each([
    ['a common account', 'NEXORA', 'ada@example.com'],
    ['texts with characters of their own meaning', 'Nexora & Söhne', 'a+b%c"<d>@example.com'],
    ['an address of 254 characters', 'NEXORA', longAccount],
  ])('is scanned on a dark page as the URI that it was made of: %s', async (_, issuer, account) => {
    const uri = otpauthUri({ issuer, account, secret: createTotpSecret() });
    expect(scan(await qrCodeUri(uri))).toBe(uri);
  });

  test('has four light modules on each side', async () => {
    const { width, dark } = readDrawing(await qrCodeUri('otpauth://totp/a:b'));
    for (const axis of [0, 1] as const) {
      const places = dark.map((place) => place[axis]);
      expect([Math.min(...places), width - 1 - Math.max(...places)]).toEqual([4, 4]);
    }
  });

  test('is inert: two shapes, no script, no reference, and nothing of the text as markup', async () => {
    const uri = await qrCodeUri('"/><script href="https://example.com">alert(1)</script>');
    // Fit for an attribute: no quote, angle bracket, space or ampersand.
    expect(uri).toMatch(/^data:image\/svg\+xml,[\w%.-]+$/);
    expect(decodeURIComponent(uri.slice(uri.indexOf(',') + 1))).toMatch(image);
  });

  test('holds up to 2953 bytes, and more is refused', async () => {
    expect(scan(await qrCodeUri('a'.repeat(2953)))).toBe('a'.repeat(2953));
    await expect(qrCodeUri('a'.repeat(2954))).rejects.toThrow(RangeError);
  });
});
