import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clientIp } from '../../src/http/client-ip.ts';
import { fastestMs } from './fastest-ms.ts';

const from = (headers: Record<string, string>) => clientIp(new Request('https://auth.example/', { headers }));
const ipOf = (text: string) => from({ 'CF-Connecting-IP': text });

describe('clientIp', () => {
  test.each<[row: string, text: string, canonical: string]>([
    ['LIM-04 IPv4', '203.0.113.7', '203.0.113.7'],
    ['LIM-04 lowest and highest octets', '0.0.0.255', '0.0.0.255'],
    ['LIM-05 case', '2001:DB8::ABCD', '2001:db8::abcd'],
    ['LIM-05 uncompressed', '2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['LIM-05 first of two equal runs (RFC 5952 4.2.3)', '2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['LIM-05 longest run (RFC 5952 4.2.3)', '2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['LIM-05 a single zero stays (RFC 5952 4.2.2)', '2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['LIM-05 unspecified', '::', '::'],
    ['LIM-05 loopback', '0:0:0:0:0:0:0:1', '::1'],
    ['LIM-05 mapped, dotted', '::ffff:1.2.3.4', '1.2.3.4'],
    ['LIM-05 mapped, hexadecimal', '::FFFF:102:304', '1.2.3.4'],
    ['LIM-05 mapped, uncompressed', '0000:0000:0000:0000:0000:ffff:0102:0304', '1.2.3.4'],
    ['LIM-05 mapped, 45 characters', '0000:0000:0000:0000:0000:ffff:255.255.255.255', '255.255.255.255'],
    ['LIM-05 mapped, zeros', '::ffff:0:0', '0.0.0.0'],
    ['LIM-05 compatible is not mapped', '::1.2.3.4', '::102:304'],
    ['LIM-05 NAT64 is not mapped', '64:ff9b::1.2.3.4', '64:ff9b::102:304'],
  ])('has one spelling for one address: %s', (_row, text, canonical) => {
    expect(ipOf(text)).toBe(canonical);
  });

  test.each<[row: string, text: string]>([
    ['LIM-06 empty', ''],
    ['LIM-06 unknown', 'unknown'],
    ['LIM-06 list', '203.0.113.7, 198.51.100.1'],
    ['LIM-06 list of IPv6', '2001:db8::1,2001:db8::2'],
    ['LIM-06 port', '203.0.113.7:443'],
    ['LIM-06 brackets', '[2001:db8::1]'],
    ['LIM-06 closing bracket', '::1]/[::2'],
    ['LIM-06 zone id', 'fe80::1%eth0'],
    ['LIM-06 three octets', '203.0.113'],
    ['LIM-06 five octets', '203.0.113.7.1'],
    ['LIM-06 octet above 255', '203.0.113.256'],
    ['LIM-06 octal', '203.0.113.07'],
    ['LIM-06 hexadecimal', '0xcb007107'],
    ['LIM-06 one number', '3405803783'],
    ['LIM-06 dot at the end', '203.0.113.7.'],
    ['LIM-06 two compressions', '2001::db8::1'],
    ['LIM-06 nine groups', '1:2:3:4:5:6:7:8:9'],
    ['LIM-06 five digits', '2001:00db8::1'],
    ['LIM-06 dotted end with an octal octet', '::ffff:1.2.3.04'],
    ['LIM-06 dotted end too early', '1.2.3.4::1'],
    ['LIM-06 name', 'dead.beef'],
    ['LIM-06 SQL', "' OR 1=1"],
    ['LIM-06 46 characters', '0000:0000:0000:0000:0000:ffff:0255.255.255.255'],
    ['LIM-06 5 KiB', '1'.repeat(5120)],
  ])('is null for what is not one plain address: %s', (_row, text) => {
    expect(ipOf(text)).toBeNull();
  });

  test('LIM-04, T25: no other header is looked at', () => {
    const others = [
      'X-Forwarded-For',
      'X-Real-IP',
      'True-Client-IP',
      'Forwarded',
      'X-Client-IP',
      'CF-Connecting-IPv6',
    ];
    const claims = Object.fromEntries(others.map((name) => [name, '198.51.100.9']));
    expect(from(claims)).toBeNull();
    expect(from({ ...claims, 'CF-Connecting-IP': '203.0.113.7' })).toBe('203.0.113.7');
  });

  test('LIM-05: its answer is the canonical spelling of itself', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })).map((n) => n.toString(16));
    const ipv6 = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':'));
    const almost = fc.string({ unit: fc.constantFrom(...'0123456789abcdefF:.'), maxLength: 45 });
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), ipv6, almost), (text) => {
        const ip = ipOf(text);
        if (ip !== null) expect(ipOf(ip)).toBe(ip);
      }),
      { numRuns: 1000 },
    );
  });

  test('LIM-05: every address is accepted, in every case and with every leading zero', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, (numbers) => {
        const short = numbers.map((n) => n.toString(16)).join(':');
        const long = numbers.map((n) => n.toString(16).padStart(4, '0').toUpperCase()).join(':');
        expect(ipOf(short)).not.toBeNull();
        expect(ipOf(long)).toBe(ipOf(short));
      }),
    );
  });

  test('INP-11: 64 KiB take under 10 ms', async () => {
    for (const unit of ['1', '1.', 'f:', ':', '255.', ' ']) {
      const text = unit.repeat(65_536 / unit.length);
      expect(await fastestMs(() => ipOf(text))).toBeLessThan(10);
    }
  });
});
