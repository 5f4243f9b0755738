import { describe, expect, test } from 'vitest';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { freshEmail, registerUser } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import {
  focusedIn,
  inputOf,
  led,
  press,
  sectionOf,
  unrequested,
  withoutDatabase,
} from '../../support/hosted-pages.ts';
import { mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { alertOf, buttonsOf, formsOf, linksOf, noticeOf, titleOf } from '../../support/shown-page.ts';
import { markVerified } from '../../support/two-factor.ts';
import { addressClasses, registerForToken, requiredClient } from './pending-registrations.ts';

const optional = new TestClient({ EMAIL_VERIFICATION: 'optional' });
const required = requiredClient();
const en = pageLanguages.en!;
const text = en.signIn.checkMail;

describe('/check-your-mail', () => {
  const path = '/check-your-mail';

  test('asks for the address', async () => {
    const answer = await required.get(path);
    expect([answer.status, answer.roundTrips, titleOf(answer)]).toEqual([200, 0, text.title]);
    expect(formsOf(answer)).toEqual([{ action: path, fields: { email: '' } }]);
    expect([focusedIn(answer), linksOf(answer)]).toEqual(['email', { [text.back]: '/login' }]);
  });

  test('sends the mail of a registration once more, and can do it again', async () => {
    const email = freshEmail();
    const first = await registerForToken(required, email);
    const answer = await press(required, path, { email });
    expect([answer.status, noticeOf(answer), answer.setCookies]).toEqual([200, text.sent(email), []]);
    expect(await tokenFrom(required, email, 'confirm_registration')).not.toBe(first);
    expect(formsOf(answer)).toEqual([{ action: path, fields: { email } }]);
    expect(buttonsOf(answer)).toEqual([text.resend]);
  });

  test('answers every address with the same bytes (ENU-04)', async () => {
    const emails = await Promise.all(Object.values(addressClasses).map((make) => make(required)));
    expect(emails.length).toBeGreaterThan(5);
    for (const client of [required, optional]) {
      const told: [number, number, string][] = [];
      for (const email of emails) {
        const answer = await press(client, path, { email });
        told.push([answer.status, answer.roundTrips, unrequested(answer, email)]);
      }
      for (const one of told) expect(one).toEqual(told[0]);
      expect(told[0]?.[0]).toBe(200);
    }
  });

  test('keeps an address that is none, and one that could not be asked about', async () => {
    const wrong = await press(required, path, { email: '<b>nobody' });
    expect([wrong.status, wrong.roundTrips, alertOf(wrong)]).toEqual([400, 0, en.fieldErrors.email]);
    expect(inputOf(wrong, 'email')).toContain('value="&lt;b&gt;nobody"');
    const email = freshEmail();
    const down = await press(await withoutDatabase(), path, { email });
    expect([down.status, alertOf(down)]).toEqual([503, en.errors.service_unavailable]);
    expect(inputOf(down, 'email')).toContain(`value="${email}"`);
  });
});

describe('the section of the verification', () => {
  const shown = async (client: TestClient, answer: Answer) =>
    sectionOf(await client.get('/account', { cookies: authCookies(answer) }), 'verification');

  test('is there while the address waits for it, and sends the mail once more', async () => {
    const registered = await registerUser(optional);
    const { email } = registered;
    const section = await shown(optional, registered);
    const [form] = formsOf(section!);
    expect(buttonsOf(section!)).toEqual([en.account.email.resend]);
    const before = (await mailsTo(optional, email)).length;
    const cookies = authCookies(registered);
    const answer = await press(optional, form!.action, form!.fields, cookies);
    expect(led(answer)).toEqual([303, '/account#verification']);
    expect((await mailsTo(optional, email)).length).toBe(before + 1);
    const notice = { '__Host-nexora_notice': cookieValue(answer, '__Host-nexora_notice')! };
    const next = await optional.get('/account', { cookies: { ...cookies, ...notice } });
    expect(noticeOf(next)).toBe(en.flashes.verification_sent);
  });

  test('is not there once the address is verified, nor where nothing is verified', async () => {
    const registered = await registerUser(optional);
    expect(await shown(optional, registered)).toBeDefined();
    expect(await shown(new TestClient({ EMAIL_VERIFICATION: 'off' }), registered)).toBeUndefined();
    await markVerified(optional, registered.json.user.id);
    expect(await shown(optional, registered)).toBeUndefined();
  });
});
