import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clientIp } from '../../src/http/client-ip.ts';
import { bucketOfAddress, clientNetwork } from '../../src/rate-limit/bucket-of-address.ts';

/** The bucket of a request with this CF-Connecting-IP. */
function bucketOf(text: string | null): string {
  const headers = new Headers(text === null ? {} : { 'CF-Connecting-IP': text });
  return bucketOfAddress(clientIp(new Request('https://auth.example/', { headers })));
}

describe('bucketOfAddress', () => {
  test.each<[ip: string, bucket: string]>([
    ['203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'],
    ['2001::1:2:3:4:5', '2001:0:0:1::/64'],
    ['1:2:3::7:8', '1:2:3:0::/64'],
    ['::2:3:4:5:6:7:8', '0:2:3:4::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
  ])('of %s is %s (LIM-05)', (ip, bucket) => {
    expect(bucketOfAddress(ip)).toBe(bucket);
  });

  test('is one for all addresses of a /64, and another for the next /64 (LIM-05)', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const groups = (length: number) => fc.array(group, { minLength: length, maxLength: length });
    const hex = (numbers: readonly number[]) => numbers.map((n) => n.toString(16)).join(':');
    fc.assert(
      fc.property(groups(4), groups(4), groups(4), (network, host, otherHost) => {
        const bucket = bucketOf(hex([...network, ...host]));
        fc.pre(!bucket.includes('.') && bucket !== bucketOf(null));
        const isMapped = network.every((n) => n === 0);
        fc.pre(!isMapped);
        expect(bucketOf(hex([...network, ...otherHost]))).toBe(bucket);
        expect(bucketOf(hex([...network.with(3, (network[3]! + 1) % 0x10000), ...host]))).not.toBe(bucket);
      }),
    );
  });

  test('is one for everybody without a plain address, which no address has (LIM-06)', () => {
    for (const text of [null, '', 'unknown', '1.2.3.4, 5.6.7.8', '1'.repeat(5120)])
      expect(bucketOf(text)).toBe(bucketOfAddress(null));
    expect(
      clientIp(new Request('https://a.example/', { headers: { 'CF-Connecting-IP': bucketOfAddress(null) } })),
    ).toBe(null);
  });
});

describe('clientNetwork', () => {
  test.each<[ip: string | null, network: string]>([
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['2001:db8:1:ffff::', '2001:db8:1::/48'],
    ['2001:db8::1', '2001:db8:0::/48'],
    ['::1', '0:0:0::/48'],
    ['203.0.113.7', '203.0.113.7'],
    [null, 'unknown'],
  ])('of %s is %s (LIM-15)', (ip, network) => {
    expect(clientNetwork(ip)).toBe(network);
  });

  test('is one for all networks of a /48, and another for the next /48 (LIM-15)', () => {
    const networks = Array.from({ length: 20 }, (_, i) => clientNetwork(`2001:db8:1:${i.toString(16)}::1`));
    expect(new Set(networks)).toEqual(new Set(['2001:db8:1::/48']));
    expect(clientNetwork('2001:db8:2::1')).not.toBe(networks[0]);
  });

  test('of IPv6 is the name of no bucket, so that the two never share a count', () => {
    expect(clientNetwork('2001:db8:1::')).not.toBe(bucketOfAddress('2001:db8:1::'));
  });
});
