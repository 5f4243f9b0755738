import { describe, expect, test } from 'vitest';
import { readFormBody } from '../../src/http/form-body.ts';
import { refusalOf } from './refusal.ts';

const formType = 'application/x-www-form-urlencoded';

function post(
  body: BodyInit | null,
  headers: Record<string, string> = { 'Content-Type': formType },
): Request {
  const request = new Request('https://auth.example/auth/reset-password', { method: 'POST', body });
  // The constructor adds a type to a string: what is tested is what the browser declares.
  request.headers.delete('Content-Type');
  for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
  return request;
}

describe('readFormBody', () => {
  test.each<[what: string, body: string, fields: Record<string, string>]>([
    ['nothing', '', {}],
    ['fields', 'token=nxp_a-b_c&password=long+enough', { token: 'nxp_a-b_c', password: 'long enough' }],
    ['an empty field', 'token=', { token: '' }],
    ['escapes', 'password=%C3%A9%2B%26%3D%25', { password: 'é+&=%' }],
    ['what a browser leaves as it is', 'password=a*b-c.d_e', { password: 'a*b-c.d_e' }],
    ['a name of every object', '__proto__=x', { ['__proto__']: 'x' }],
  ])('reads %s', async (_what, body, fields) => {
    expect(Object.entries(await readFormBody(post(body)))).toEqual(Object.entries(fields));
  });

  test('reads what URLSearchParams writes', async () => {
    const password = 'p+a&s=s w%ö\u{1F600}\0rd';
    const body = new URLSearchParams({ token: 't', password }).toString();
    expect(await readFormBody(post(body))).toEqual({ token: 't', password });
  });

  test.each<[declared: string]>([
    ['application/x-www-form-urlencoded; charset=UTF-8'],
    ['Application/X-WWW-Form-Urlencoded;charset="utf-8"'],
  ])('takes %s (INP-02)', async (declared) => {
    expect(await readFormBody(post('a=1', { 'Content-Type': declared }))).toEqual({ a: '1' });
  });

  test.each<[what: string, headers: Record<string, string>]>([
    ['no type', {}],
    ['JSON', { 'Content-Type': 'application/json' }],
    ['multipart', { 'Content-Type': 'multipart/form-data; boundary=x' }],
    ['another charset', { 'Content-Type': `${formType}; charset=utf-16` }],
    ['two types', { 'Content-Type': `${formType}, text/plain` }],
    ['an encoding', { 'Content-Type': formType, 'Content-Encoding': 'gzip' }],
  ])('refuses %s as 415 (INP-02)', async (_what, headers) => {
    expect(await refusalOf(readFormBody(post('a=1', headers)))).toMatchObject({
      code: 'unsupported_media_type',
    });
  });

  test.each<[what: string, body: BodyInit]>([
    ['a field twice', 'token=a&token=b'],
    ['a field twice by escapes', 'token=a&%74oken=b'],
    ['a field without a value', 'token'],
    ['a second equals sign', 'token=a=b'],
    ['a broken escape', 'password=%zz'],
    ['a cut escape', 'password=%C3'],
    ['an escape that is no UTF-8 (PWD-07)', 'password=%FF%FEaaaaaaa'],
    ['an escaped surrogate (PWD-07)', 'password=%ED%A0%80aaaaaa'],
    ['raw bytes that are no UTF-8 (PWD-07)', new Uint8Array([0x61, 0x3d, 0xff])],
    ['21 fields', Array.from({ length: 21 }, (_, index) => `f${index}=1`).join('&')],
  ])('refuses %s as 400', async (_what, body) => {
    expect(await refusalOf(readFormBody(post(body)))).toMatchObject({ code: 'malformed_form' });
  });

  test('reads 16 KiB and refuses more as 413 (INP-01)', async () => {
    const largest = `a=${'x'.repeat(16_384 - 2)}`;
    expect(Object.keys(await readFormBody(post(largest)))).toEqual(['a']);
    expect(await refusalOf(readFormBody(post(`${largest}x`)))).toMatchObject({
      code: 'payload_too_large',
    });
  });
});
