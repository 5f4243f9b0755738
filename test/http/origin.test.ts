import { describe, expect, test } from 'vitest';
import { judgeOrigin, type OriginVerdict } from '../../src/http/origin.ts';

const trust = {
  ownOrigin: 'https://auth.nexora.example',
  allowedOrigins: new Set(['https://app.nexora.example', 'http://localhost:3000']),
};

describe('judgeOrigin', () => {
  test.each<[row: string, origin: string | null, site: string | null, verdict: OriginVerdict]>([
    ['own', 'https://auth.nexora.example', null, 'own'],
    ['own, and Origin alone decides', 'https://auth.nexora.example', 'cross-site', 'own'],
    ['listed', 'https://app.nexora.example', 'same-site', 'listed'],
    ['listed with a port', 'http://localhost:3000', 'cross-site', 'listed'],
    ['CSR-01 other origin', 'https://evil.example', 'cross-site', 'foreign'],
    ['CSR-01 other origin, and Origin alone decides', 'https://evil.example', 'same-origin', 'foreign'],
    ['CSR-03 null', 'null', null, 'foreign'],
    ['CSR-03 null from another site', 'null', 'cross-site', 'foreign'],
    ['CSR-03 null from a sub-domain', 'null', 'same-site', 'foreign'],
    ['CSR-03 null from no page', 'null', 'none', 'foreign'],
    ['CSR-03 null from our own page', 'null', 'same-origin', 'own'],
    ['CSR-03 sub-domain', 'https://x.auth.nexora.example', null, 'foreign'],
    ['CSR-03 parent domain', 'https://nexora.example', null, 'foreign'],
    ['CSR-03 suffix', 'https://app.nexora.example.evil.com', null, 'foreign'],
    ['CSR-03 prefix', 'https://evilapp.nexora.example', null, 'foreign'],
    ['CSR-03 suffix of our own', 'https://auth.nexora.example.evil.com', null, 'foreign'],
    ['CSR-03 prefix of our own', 'https://evilauth.nexora.example', null, 'foreign'],
    ['CSR-03 other port of our own', 'https://auth.nexora.example:8443', null, 'foreign'],
    ['CSR-03 dot as any character', 'https://appxnexora.example', null, 'foreign'],
    ['CSR-03 other port', 'https://app.nexora.example:8443', null, 'foreign'],
    ['CSR-03 default port', 'https://app.nexora.example:443', null, 'foreign'],
    ['CSR-03 other scheme', 'http://app.nexora.example', null, 'foreign'],
    ['CSR-03 slash at the end', 'https://app.nexora.example/', null, 'foreign'],
    ['CSR-03 other case', 'https://APP.nexora.example', null, 'foreign'],
    ['CSR-03 dot at the end', 'https://app.nexora.example.', null, 'foreign'],
    ['CSR-03 two origins', 'https://app.nexora.example, https://evil.example', null, 'foreign'],
    ['CSR-03 empty', '', 'same-origin', 'foreign'],
    ['CSR-04 same site without an Origin', null, 'same-site', 'foreign'],
    ['CSR-04 same site that is not listed', 'https://blog.nexora.example', 'same-site', 'foreign'],
    ['CSR-06 other site without an Origin', null, 'cross-site', 'foreign'],
    ['value that nobody defined', null, 'same-origin, cross-site', 'foreign'],
    ['value in another case', null, 'Same-Origin', 'foreign'],
    ['empty value', null, '', 'foreign'],
    ['own page without an Origin', null, 'same-origin', 'own'],
    ['typed address', null, 'none', 'absent'],
    ['CSR-05 neither header', null, null, 'absent'],
  ])('tells who sent the request: %s', (_row, origin, site, verdict) => {
    const headers = new Headers();
    if (origin !== null) headers.set('Origin', origin);
    if (site !== null) headers.set('Sec-Fetch-Site', site);
    expect(judgeOrigin(headers, trust)).toBe(verdict);
  });

  test('T25: Host, Referer and the forwarding headers say nothing', () => {
    const headers = new Headers({
      Host: 'auth.nexora.example',
      Referer: 'https://auth.nexora.example/login',
      'X-Forwarded-Host': 'auth.nexora.example',
      'X-Forwarded-Proto': 'https',
    });
    expect(judgeOrigin(headers, trust)).toBe('absent');
    headers.set('Origin', 'https://evil.example');
    expect(judgeOrigin(headers, trust)).toBe('foreign');
  });
});
