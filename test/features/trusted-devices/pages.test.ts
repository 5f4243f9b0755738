import { describe, expect, test } from 'vitest';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { type Answer, cookieValue, TestClient } from '../../support/client.ts';
import { type Cookies, led, press, sectionOf } from '../../support/hosted-pages.ts';
import { alertOf, formsOf, noticeOf } from '../../support/shown-page.ts';
import { twoFactorUser } from '../../support/two-factor.ts';
import { expectAsked, expectNotAsked, trustDevice, trustedCookie } from '../two-factor/calls.ts';

const path = '/account/security';
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const en = pageLanguages.en!;
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** Somebody with one trusted device, in a session of another one. */
async function truster() {
  const user = await twoFactorUser(client);
  const { cookie } = await trustDevice(client, user, { headers: { 'User-Agent': firefox } });
  return {
    user,
    trusted: { [trustedCookie]: cookie },
    cookies: { '__Host-nexora_access': user.accessToken },
  };
}

const shown = async (cookies: Cookies) => sectionOf(await client.get(path, { cookies }), 'trusted-devices')!;

const forget = (cookies: Cookies, id: string): Promise<Answer> =>
  press(client, path, { section: 'trusted-devices', action: 'forget', id }, cookies);

describe('the section of trusted devices', () => {
  test('shows none to whoever trusts none', async () => {
    const user = await twoFactorUser(client);
    const section = await shown({ '__Host-nexora_access': user.accessToken });
    expect(section.text).toContain(en.security.trusted.none);
    expect(formsOf(section)).toEqual([]);
  });

  test('shows each with what it is and until when, and marks this one', async () => {
    const { cookies, trusted } = await truster();
    const section = await shown(cookies);
    expect(section.text).toContain('<strong>Firefox 140, Linux</strong>');
    expect(section.text).toContain('aria-label="Remove Firefox 140, Linux"');
    expect(section.text).toMatch(/last used .*, until [A-Z][a-z]+ \d{1,2}, \d{4}</);
    expect(section.text).not.toContain(en.account.sessions.current);
    expect((await shown({ ...cookies, ...trusted })).text).toContain(en.account.sessions.current);
  });

  test('forgets one, which is asked for a code from then on', async () => {
    const { user, cookies, trusted } = await truster();
    await expectNotAsked(client, user, {}, { cookies: trusted });
    const [form] = formsOf(await shown(cookies));
    const answer = await press(client, form!.action, form!.fields, cookies);
    expect(led(answer)).toEqual([303, `${path}#trusted-devices`]);
    const notice = cookieValue(answer, '__Host-nexora_notice')!;
    const next = await client.get(path, { cookies: { ...cookies, '__Host-nexora_notice': notice } });
    expect(noticeOf(next)).toBe(en.flashes.device_forgotten);
    expect(formsOf(sectionOf(next, 'trusted-devices')!)).toEqual([]);
    await expectAsked(client, user, {}, { cookies: trusted });
  });

  test('tells alike that there is none: unknown, somebody else’s, forgotten already, and no id', async () => {
    const { cookies } = await truster();
    const other = await truster();
    const foreign = formsOf(await shown(other.cookies))[0]!.fields.id!;
    const own = formsOf(await shown(cookies))[0]!.fields.id!;
    expect((await forget(cookies, own)).status).toBe(303);
    for (const id of [crypto.randomUUID(), foreign, own, 'nobody', '']) {
      const answer = await forget(cookies, id);
      expect(answer.status, id).toBe(404);
      expect(alertOf(sectionOf(answer, 'trusted-devices')!)).toBe(en.errors.trusted_device_not_found);
    }
    expect(formsOf(await shown(other.cookies))).toHaveLength(1);
  });
});
