import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redirectTarget, withParameter } from '../../../src/request/redirect-target.ts';

const baseUrl = 'https://auth.test';
const config = {
  baseUrl,
  allowedOrigins: new Set(['https://app.test', 'http://localhost:3000']),
  redirects: { appRedirects: new Set(['com.example.app:/in', 'https://links.test/app']) },
  pages: { areHosted: true, defaultRedirect: '/account' },
};
const forBrowser = (asked?: string) => redirectTarget(config, asked, { isForApp: false });
const forApp = (asked?: string) => redirectTarget(config, asked, { isForApp: true });

describe('the target of a visit (OAU-10)', () => {
  test('is the default where none is asked for: a path of this service, or the URL of the operator', () => {
    expect(forBrowser()).toBe('https://auth.test/account');
    const pages = { ...config.pages, defaultRedirect: 'https://elsewhere.test/home' };
    expect(redirectTarget({ ...config, pages }, undefined, { isForApp: false })).toBe(
      'https://elsewhere.test/home',
    );
    // Which does not list its origin.
    expect(
      redirectTarget({ ...config, pages }, 'https://elsewhere.test/home', { isForApp: false }),
    ).toBeNull();
  });

  test('is at a listed origin with its scheme and port', () => {
    expect(forBrowser('http://localhost:3000/x')).toBe('http://localhost:3000/x');
    for (const text of ['https://localhost:3000/x', 'http://localhost/x', 'http://localhost:30000/x'])
      expect(forBrowser(text)).toBeNull();
  });

  test('is a URL of an app for who gets a code alone, to the letter', () => {
    for (const text of config.redirects.appRedirects) {
      expect(forApp(text)).toBe(text);
      expect(forBrowser(text)).toBeNull();
      for (const other of [`${text}/`, text.toUpperCase(), ` ${text}`]) expect(forApp(other)).toBeNull();
    }
  });

  test('is up to 1024 characters long', () => {
    expect(forBrowser(`/${'a'.repeat(1023)}`)).not.toBeNull();
    expect(forBrowser(`/${'a'.repeat(1024)}`)).toBeNull();
  });

  test('never leads elsewhere, whatever is asked for, in any parser', () => {
    const letters = [...'/\\@.:#? \t\n\r\u0000a\u3002\uff0f'];
    const words = ['//', '..', '%2f', '%5c', 'https:', 'https://', 'javascript:'];
    const hosts = ['evil.example', 'auth.test', 'app.test'];
    const own = new Set([baseUrl, ...config.allowedOrigins]);
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...letters, ...words, ...hosts), fc.string()), { maxLength: 8 }),
        (parts) => {
          const target = forBrowser(parts.join(''));
          if (target === null) return;
          expect(own).toContain(new URL(target, 'https://base.example').origin);
          expect(target).toMatch(/^https?:\/\/[a-z]/);
          expect(target).not.toMatch(/[\s\\]/);
          expect(new URL(target).username).toBe('');
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('what is told by a parameter of the target', () => {
  test.each([
    ['https://auth.test/a', 'https://auth.test/a?error=x'],
    ['https://auth.test/a?b=c', 'https://auth.test/a?b=c&error=x'],
    ['https://auth.test/a?error=old&code=old&error=older', 'https://auth.test/a?error=x'],
    ['https://auth.test/a#top', 'https://auth.test/a?error=x#top'],
    ['com.example.app:/in', 'com.example.app:/in?error=x'],
    ['com.example.app:in', 'com.example.app:in?error=x'],
    ['com.example.app://in', 'com.example.app://in?error=x'],
  ])('replaces what said the same before: %s', (target, expected) => {
    expect(withParameter(target, 'error', 'x')).toBe(expected);
  });

  test('cannot become another one', () => {
    const url = new URL(withParameter('https://auth.test/a', 'code', 'x&error=y#z'));
    expect([...url.searchParams]).toEqual([['code', 'x&error=y#z']]);
    expect(url.hash).toBe('');
  });
});
