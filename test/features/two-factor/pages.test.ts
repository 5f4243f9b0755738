import { describe, expect, test } from 'vitest';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { password, registerUser } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import { type Cookies, focusedIn, inputOf, led, press, sectionOf } from '../../support/hosted-pages.ts';
import { alertOf, buttonsOf, formsOf, mainOf, noticeOf, titleOf } from '../../support/shown-page.ts';
import {
  codeAt,
  freshCode,
  markVerified,
  type TwoFactorUser,
  twoFactorUser,
  wrongCode,
} from '../../support/two-factor.ts';
import { expectAsked, expectNotAsked } from './calls.ts';
import { scan } from './scan-qr-code.ts';

const path = '/account/security';
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const en = pageLanguages.en!;
const text = en.security.twoFactor;

/** Somebody whose address is verified, signed in on this device and on another. */
async function owner() {
  const answer = await registerUser(client);
  await markVerified(client, answer.json.user.id);
  const other = authCookies(await client.post('/api/auth/login', { email: answer.email, password }));
  return { email: answer.email, cookies: authCookies(answer), other };
}

/** Somebody who has turned it on, in the session that did. */
async function protectedOwner(): Promise<{ user: TwoFactorUser; cookies: Cookies }> {
  const user = await twoFactorUser(client);
  return { user, cookies: { '__Host-nexora_access': user.accessToken } };
}

const send = (action: string, cookies: Cookies, fields = {}, by = client): Promise<Answer> =>
  press(by, path, { section: 'two-factor', action, ...fields }, cookies);

const shown = async (cookies: Cookies) => sectionOf(await client.get(path, { cookies }), 'two-factor')!;

/** What a page of the setup shows: the key as text, as a QR code, and as it posts it. */
function keysOf(answer: Answer) {
  const typed = /<p class="secret">([^<]*)</.exec(mainOf(answer))?.[1]?.replaceAll(' ', '');
  const image = /<img class="qr" src="([^"]*)"/.exec(mainOf(answer))?.[1] ?? '';
  const { uri = '' } = formsOf(answer)[0]?.fields ?? {};
  return { typed: typed ?? '', scanned: scan(image), uri };
}

const codesOf = (answer: Answer) =>
  [...(/<ol class="codes">(.*?)<\/ol>/s.exec(mainOf(answer))?.[1] ?? '').matchAll(/<li>([^<]*)</g)].map(
    ([, code = '']) => code,
  );

describe('the section of two-factor while it is off', () => {
  test('says so, and offers the setup', async () => {
    const { cookies } = await owner();
    const section = await shown(cookies);
    expect(section.text).toContain(text.offIntro);
    expect(buttonsOf(section)).toEqual([text.start]);
    expect(formsOf(section)).toEqual([{ action: path, fields: { section: 'two-factor', action: 'setup' } }]);
  });

  test('setup shows one key as a picture, as text and for this device, and turns nothing on yet', async () => {
    const { email, cookies } = await owner();
    const answer = await send('setup', cookies);
    expect([answer.status, titleOf(answer), answer.setCookies]).toEqual([200, text.setupTitle, []]);
    const { typed, scanned, uri } = keysOf(answer);
    expect(typed).toMatch(/^[A-Z2-7]{32}$/);
    expect(uri).toMatch(/^otpauth:\/\/totp\//);
    expect(new URL(uri).searchParams.get('secret')).toBe(typed);
    expect(scanned).toBe(uri);
    expect(mainOf(answer)).toContain(`href="${uri.replaceAll('&', '&amp;')}"`);
    expect(focusedIn(answer)).toBe('code');
    await expectNotAsked(client, { email });
  });

  test('setup before the address is confirmed, or where the service has none, is told in the section', async () => {
    const answer = await registerUser(client);
    const cookies = authCookies(answer);
    const optional = new TestClient({ EMAIL_VERIFICATION: 'optional' });
    const unverified = await send('setup', cookies, {}, optional);
    expect(unverified.status).toBe(403);
    expect(alertOf(sectionOf(unverified, 'two-factor')!)).toBe(en.errors.email_not_verified);
    const { cookies: verified } = await owner();
    const off = await send('setup', verified, {}, new TestClient({ TWO_FACTOR: 'off' }));
    expect(off.status).toBe(503);
    expect(alertOf(sectionOf(off, 'two-factor')!)).toBe(en.errors.two_factor_unavailable);
  });

  test('says in place of the button that an address which is not verified is confirmed first', async () => {
    const cookies = authCookies(await registerUser(client));
    const shownBy = async (mode: string) => {
      const by = new TestClient({ EMAIL_VERIFICATION: mode });
      return sectionOf(await by.get(path, { cookies }), 'two-factor')!;
    };
    const optional = await shownBy('optional');
    expect([mainOf(optional).includes(text.unverified), buttonsOf(optional)]).toEqual([true, []]);
    const off = await shownBy('off');
    expect([mainOf(off).includes(text.unverified), buttonsOf(off)]).toEqual([false, [text.start]]);
  });

  test('a wrong code shows the same key again, and turns nothing on', async () => {
    const { email, cookies } = await owner();
    const setup = await send('setup', cookies);
    const [form] = formsOf(setup);
    const code = wrongCode(keysOf(setup).typed);
    const answer = await press(client, path, { ...form!.fields, code }, cookies);
    expect([answer.status, titleOf(answer), alertOf(answer)]).toEqual([
      ...[401, text.setupTitle, en.errors.invalid_code],
    ]);
    expect(keysOf(answer)).toEqual(keysOf(setup));
    expect([focusedIn(answer), inputOf(answer, 'code')?.includes('value=')]).toEqual(['code', false]);
    await expectNotAsked(client, { email });
    const right = { ...formsOf(answer)[0]!.fields, code: codeAt(keysOf(answer).typed) };
    expect(titleOf(await press(client, path, right, cookies))).toBe(text.codesTitle);
  });

  test('a right code turns it on, shows ten codes once, renews this session and leaves others', async () => {
    const { email, cookies, other } = await owner();
    const setup = await send('setup', cookies);
    const { typed } = keysOf(setup);
    const form = { ...formsOf(setup)[0]!.fields, code: codeAt(typed) };
    const answer = await press(client, path, form, cookies);
    expect([answer.status, titleOf(answer), noticeOf(answer)]).toEqual([
      ...[200, text.codesTitle, text.codesOn],
    ]);
    const codes = codesOf(answer);
    expect(new Set(codes).size).toBe(10);
    expect(answer.text).not.toContain(typed);
    const renewed = authCookies(answer);
    expect((await client.get('/api/auth/me', { cookies: renewed })).json.user.twoFactorEnabled).toBe(true);
    expect((await client.get('/api/auth/me', { cookies: other })).status).toBe(200);
    await expectAsked(client, { email });
    const section = await shown(renewed);
    expect(section.text).toContain(text.backupCodesLeft(10));
    for (const code of codes) expect(section.text).not.toContain(code);
    const again = await press(client, path, form, renewed);
    expect(codesOf(again)).toEqual([]);
  });

  test('a code without a setup, or with a key that none shows, turns nothing on and shows no such key', async () => {
    const { email, cookies } = await owner();
    const without = await send('enable', cookies, { code: '123456' });
    expect(without.status).toBe(409);
    expect(alertOf(sectionOf(without, 'two-factor')!)).toBe(en.errors.two_factor_setup_required);
    for (const uri of ['https://evil.example/?secret=AAAA', `otpauth://totp/x\n?secret=AAAA`]) {
      const answer = await send('enable', cookies, { code: '123456', uri });
      expect(answer.status).toBe(409);
      expect(answer.text).not.toMatch(/evil|AAAA/);
    }
    await expectNotAsked(client, { email });
  });
});

describe('the section of two-factor while it is on', () => {
  test('says since when, how many backup codes are left, and what can be done', async () => {
    const { cookies } = await protectedOwner();
    const section = await shown(cookies);
    expect(section.text).toMatch(/Authenticator app, since [A-Z][a-z]+ \d{1,2}, \d{4}\./);
    expect(section.text).toContain(text.backupCodesLeft(10));
    expect(buttonsOf(section)).toEqual([text.newCodes, text.replace, text.turnOff]);
  });

  test('new codes are shown once, and the former ones stop', async () => {
    const { user, cookies } = await protectedOwner();
    const answer = await send('new_codes', cookies);
    expect([answer.status, titleOf(answer), noticeOf(answer)]).toEqual([200, text.codesTitle, undefined]);
    const codes = codesOf(answer);
    expect(new Set([...codes, ...user.backupCodes]).size).toBe(20);
    const former = await send('disable', cookies, { backupCode: user.backupCodes[0]! });
    expect(former.status).toBe(401);
    expect(led(await send('disable', cookies, { backupCode: codes[0]! }))[0]).toBe(303);
  });

  test('another app takes the place of the first one by its first code', async () => {
    const { user, cookies } = await protectedOwner();
    const setup = await send('setup', cookies);
    const { typed } = keysOf(setup);
    expect(typed).not.toBe(user.secret);
    const form = { ...formsOf(setup)[0]!.fields, code: codeAt(typed) };
    expect(titleOf(await press(client, path, form, cookies))).toBe(text.codesTitle);
  });

  test.each(['code', 'backupCode'] as const)('is turned off by a %s', async (member) => {
    const { user, cookies } = await protectedOwner();
    const proof = member === 'code' ? await freshCode(client, user) : user.backupCodes[0]!;
    // The form has both fields, one of which stays empty.
    const answer = await send('disable', cookies, { code: '', backupCode: '', [member]: proof });
    expect(led(answer)).toEqual([303, `${path}#two-factor`]);
    const notice = cookieValue(answer, '__Host-nexora_notice')!;
    const next = await client.get(path, { cookies: { ...cookies, '__Host-nexora_notice': notice } });
    expect(noticeOf(next)).toBe(en.flashes.two_factor_off);
    expect(buttonsOf(sectionOf(next, 'two-factor')!)).toEqual([text.start]);
    await expectNotAsked(client, user);
  });

  test.each([
    ['a wrong code', 'code', 401, en.errors.invalid_code],
    ['a wrong backup code', 'backupCode', 401, en.errors.invalid_code],
    ['neither', null, 400, null],
  ] as const)('is not turned off by %s', async (_what, member, status, sentence) => {
    const { user, cookies } = await protectedOwner();
    const wrong = member === 'code' ? wrongCode(user.secret) : 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA';
    const answer = await send('disable', cookies, member === null ? {} : { [member]: wrong });
    const section = sectionOf(answer, 'two-factor')!;
    expect(answer.status).toBe(status);
    if (sentence === null) expect(alertOf(section)).toBeDefined();
    else expect(alertOf(section)).toBe(sentence);
    expect(inputOf(section, 'code')).not.toContain('value=');
    await expectAsked(client, user);
  });

  test.each([
    ['disable', 401, en.errors.invalid_code],
    ['new_codes', 409, en.errors.two_factor_not_enabled],
  ] as const)('tells why nothing came of %s where it was turned off meanwhile', async (action, ...told) => {
    const { user, cookies } = await protectedOwner();
    const [first = '', second = ''] = user.backupCodes;
    expect(led(await send('disable', cookies, { backupCode: first }))[0]).toBe(303);
    const answer = await send(action, cookies, action === 'disable' ? { backupCode: second } : {});
    const section = sectionOf(answer, 'two-factor')!;
    expect([answer.status, alertOf(section)]).toEqual(told);
    expect(buttonsOf(section)).toEqual([text.start]);
  });
});
