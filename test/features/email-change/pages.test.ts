import { describe, expect, test } from 'vitest';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { freshEmail, registerUser } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import { type Cookies, focusedIn, inputOf, led, press, sectionOf } from '../../support/hosted-pages.ts';
import { mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { alertOf, formsOf, noticeOf } from '../../support/shown-page.ts';
import { markVerified } from '../../support/two-factor.ts';
import { confirm } from './mover.ts';

const path = '/account';
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const en = pageLanguages.en!;

async function owner() {
  const answer = await registerUser(client);
  return { email: answer.email, userId: answer.json.user.id as string, cookies: authCookies(answer) };
}

const change = (cookies: Cookies, newEmail: string): Promise<Answer> =>
  press(client, path, { section: 'email', action: 'change', newEmail }, cookies);

const shown = async (cookies: Cookies) => sectionOf(await client.get(path, { cookies }), 'email')!;

describe('the section of the address', () => {
  test('shows it, whether it is confirmed, and asks for another one', async () => {
    const { email, userId, cookies } = await owner();
    const before = await shown(cookies);
    expect(before.text).toContain(`<strong>${email}</strong>`);
    expect(before.text).toContain(en.account.email.unverified);
    expect(formsOf(before)).toEqual([
      { action: path, fields: { section: 'email', action: 'change', newEmail: '' } },
    ]);
    await markVerified(client, userId);
    expect((await shown(cookies)).text).toContain(`<span class="badge">${en.account.email.verified}</span>`);
  });

  test('sends a link to the new address, and changes nothing until that is followed', async () => {
    const { email, cookies } = await owner();
    const newEmail = freshEmail();
    const answer = await change(cookies, newEmail);
    expect(led(answer)).toEqual([303, '/account#email']);
    const notice = { '__Host-nexora_notice': cookieValue(answer, '__Host-nexora_notice')! };
    const next = await client.get(path, { cookies: { ...cookies, ...notice } });
    expect(noticeOf(next)).toBe(en.flashes.email_change_requested);
    expect(sectionOf(next, 'email')?.text).toContain(`<strong>${email}</strong>`);
    const token = await tokenFrom(client, newEmail, 'confirm_email_change');
    expect((await confirm(client, token)).status).toBe(200);
  });

  test('answers a taken address as a free one, and tells its owner alone (ENU-05)', async () => {
    const { cookies } = await owner();
    const taken = (await owner()).email;
    const answers = [await change(cookies, taken), await change(cookies, freshEmail())];
    const told = answers.map((answer) => [...led(answer), answer.roundTrips, answer.text, answer.setCookies]);
    expect(told[0]).toEqual(told[1]);
    expect((await mailsTo(client, taken)).map(({ kind }) => kind)).not.toContain('confirm_email_change');
  });

  test('tells the present address, and one that is none, at the field that keeps it', async () => {
    const { email, cookies } = await owner();
    for (const [newEmail, sentence] of [
      [email, en.errors.email_unchanged],
      ['<b>nobody', en.fieldErrors.email],
    ] as const) {
      const answer = await change(cookies, newEmail);
      const section = sectionOf(answer, 'email')!;
      expect([answer.status >= 400, alertOf(section), focusedIn(answer)]).toEqual([
        ...[true, sentence, 'newEmail'],
      ]);
      expect(formsOf(section)[0]?.fields.newEmail).toBe(newEmail);
      expect(inputOf(section, 'newEmail')).toContain('aria-invalid="true"');
      expect(answer.text).not.toContain('<b>nobody');
    }
    expect(alertOf(sectionOf(await change(cookies, ''), 'email')!)).toBe(en.fieldErrors.required);
  });
});
