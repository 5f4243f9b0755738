import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, inject, test } from 'vitest';
import { apple } from '../../../src/features/social/providers/apple.ts';
import { authCookies } from '../../support/client.ts';
import { begin, codeFor, comeBackByForm } from '../../support/social.ts';
import { tokenRequestsWith } from '../../support/stand-ins.ts';
import { clientWith, expectSentBack, freshSubject, signedInUser } from './expectations.ts';

const { teamId, keyId, privateKey } = inject('appleAccount');
const provider = apple({ clientIds: ['com.example.web', 'com.example.app'], teamId, keyId, privateKey });
const claims = { iss: 'https://appleid.apple.com', sub: 's', client: 'id', email: 'a@example.com' };
const client = clientWith([]);

describe('an address that Apple tells', () => {
  test.each([
    [true, true],
    ['true', true],
    [false, false],
    ['false', false],
    ['TRUE', false],
    ['1', false],
    [1, false],
    ['', false],
    [['true'], false],
    [undefined, false],
  ])('is verified where email_verified is true or the text of it: %j', (email_verified, isEmailVerified) => {
    expect(provider.profileOf({ ...claims, email_verified }, {})).toMatchObject({ isEmailVerified });
  });

  test('is the one of the ID token, whatever the browser brings', async () => {
    const visit = await begin(client, 'apple');
    const code = codeFor(visit, { claims: { email_verified: 'false' } });
    const user = JSON.stringify({ email: 'victim@example.com', email_verified: true, sub: 'x' });
    expectSentBack(await comeBackByForm(client, visit, { code, user }), 'email_not_verified');
  });
});

describe('the name that Apple tells', () => {
  const nameOf = (user: string | undefined) =>
    provider.profileOf(claims, user === undefined ? {} : { user }).name;

  test.each<[string | undefined, string | null]>([
    ['{"name":{"firstName":"Ada","lastName":"Lovelace"}}', 'Ada Lovelace'],
    ['{"name":{"firstName":"Ada"}}', 'Ada'],
    ['{"name":{"lastName":"Lovelace"}}', 'Lovelace'],
    ['{"name":{"firstName":"","lastName":""}}', null],
    ['{"name":{"firstName":1,"lastName":["x"]}}', null],
    ['{"name":{}}', null],
    ['{"name":"Ada"}', null],
    ['{"name":null}', null],
    ['{}', null],
    ['null', null],
    ['[]', null],
    ['5', null],
    ['{', null],
    ['', null],
    [undefined, null],
  ])('is made of the field of the form, or there is none: %j', (user, name) => {
    expect(nameOf(user)).toBe(name);
  });

  test.each([
    ['{"name":{"firstName":"Ada","lastName":"Lovelace"}}', 'Ada Lovelace'],
    [`{"name":{"firstName":"${'x'.repeat(5000)}"}}`, null],
    ['{"name":{"firstName":"\\u0000\\u202e"}}', null],
    ['not JSON', null],
  ])('names the new account, unless nobody could enter it: %s', async (user, expected) => {
    const visit = await begin(client, 'apple');
    const sub = freshSubject();
    const answer = await comeBackByForm(client, visit, { code: codeFor(visit, { sub }), user });
    await signedInUser(client, answer);
    const me = await client.get('/api/auth/me', { cookies: authCookies(answer) });
    expect(me.json.user.name).toBe(expected ?? sub);
  });
});

describe('the client secret for Apple', () => {
  test('is a JWT of the team for this client, made for one request and for five minutes', async () => {
    const visit = await begin(client, 'apple');
    const code = codeFor(visit);
    await signedInUser(client, await comeBackByForm(client, visit, { code }));
    const [request] = await tokenRequestsWith(code);
    const secret = request!.parameters.client_secret!;
    expect(decodeProtectedHeader(secret)).toEqual({ alg: 'ES256', kid: keyId });
    const { iat, exp, ...rest } = decodeJwt(secret);
    expect(rest).toEqual({ iss: teamId, sub: 'com.example.web', aud: 'https://appleid.apple.com' });
    expect(exp! - iat!).toBe(300);
    expect(Math.abs(iat! - Date.now() / 1000)).toBeLessThan(30);
    expect(request!.headers.authorization).toBeUndefined();
  });
});
