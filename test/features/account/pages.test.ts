import { describe, expect, test } from 'vitest';
import { features } from '../../../src/app.ts';
import { foldSite } from '../../../src/feature.ts';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { otherPassword, password, registerUser } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import {
  type Cookies,
  clearedBy,
  focusedIn,
  inputOf,
  led,
  makeStale,
  press,
  sectionOf,
  sessionCookies,
} from '../../support/hosted-pages.ts';
import { alertOf, buttonsOf, formsOf, linksOf, mainOf, noticeOf, titleOf } from '../../support/shown-page.ts';
import { dropPassword } from '../email-code/provider-account.ts';
import { findUsers } from '../password/stored-accounts.ts';

const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const en = pageLanguages.en!;
const heldCookie = '__Host-nexora_held_form';

async function owner(): Promise<{ email: string; userId: string; cookies: Cookies }> {
  const answer = await registerUser(client);
  return { email: answer.email, userId: answer.json.user.id, cookies: authCookies(answer) };
}

/** The page that an answer leads to, as the browser opens it with the cookies that it got. */
function follow(answer: Answer, cookies: Cookies): Promise<Answer> {
  const notice = cookieValue(answer, '__Host-nexora_notice');
  const path = answer.headers.get('Location')!.split('#')[0]!;
  return client.get(path, {
    cookies: { ...cookies, ...(notice !== undefined && { '__Host-nexora_notice': notice }) },
  });
}

/** Proves by the password that it is still the same person, and returns what came of it. */
async function confirm(asked: Answer, cookies: Cookies): Promise<Answer> {
  const at = asked.headers.get('Location')!;
  expect(at).toMatch(/^\/reauthenticate\?returnTo=%2Faccount&form=[\w-]+$/);
  const held = { ...cookies, [heldCookie]: cookieValue(asked, heldCookie)! };
  const page = await client.get(at, { cookies: held });
  const form = formsOf(page).find(({ fields }) => 'password' in fields)!;
  return press(client, form.action, { ...form.fields, password }, held);
}

describe('the pages of the account', () => {
  test.each([
    ['/account', ['profile', 'email', 'password', 'data', 'deletion']],
    ['/account/sessions', ['sessions']],
    ['/account/security', ['two-factor', 'trusted-devices', 'activity']],
  ])('%s has its sections, in their order, and says whose it is', async (path, names) => {
    const { email, cookies } = await owner();
    const answer = await client.get(path, { cookies });
    expect(answer.status).toBe(200);
    const found = [...mainOf(answer).matchAll(/<section class="card" id="([^"]*)"/g)].map(([, id]) => id);
    const inOrder = foldSite(features)
      .accountSections.filter(({ page }) => page === path)
      .toSorted((a, b) => a.order - b.order)
      .map(({ name }) => name);
    expect(found).toEqual(inOrder.filter((name) => found.includes(name)));
    expect(found).toEqual(expect.arrayContaining(names));
    expect(answer.text).toContain(`Test User · ${email}`);
    expect(answer.text).toContain(`<a href="${path}" aria-current="page">`);
  });
});

describe('the section of the profile', () => {
  const save = (cookies: Cookies, name: string, by = client) =>
    press(by, '/account', { section: 'profile', action: 'save', name }, cookies);

  test('saves a name, and says so once', async () => {
    const { cookies } = await owner();
    const answer = await save(cookies, ' Zoe\u0308 <i>K.</i> & Co ');
    // Names are text: those of tags are refused.
    expect(answer.status).toBe(400);
    const saved = await save(cookies, ' Zoe\u0308 K. & Co ');
    expect(led(saved)).toEqual([303, '/account']);
    const next = await follow(saved, cookies);
    expect(noticeOf(next)).toBe(en.flashes.profile_saved);
    expect(cookieValue(next, '__Host-nexora_notice')).toBe('');
    expect(inputOf(next, 'name')).toContain('value="Zo\u00eb K. &amp; Co"');
  });

  test('keeps a name that is refused in its field, escaped, and stores nothing of it (HDR-04)', async () => {
    const { email, cookies } = await owner();
    for (const name of ['<script>alert(1)</script>', 'x'.repeat(101), 'https://evil.example']) {
      const answer = await save(cookies, name);
      const section = sectionOf(answer, 'profile')!;
      expect([answer.status, focusedIn(answer)], name).toEqual([400, 'name']);
      expect(alertOf(section)).toBeDefined();
      expect(answer.text).not.toContain('<script>alert');
      expect(formsOf(section)[0]?.fields.name).toBe(name);
    }
    expect(alertOf(sectionOf(await save(cookies, ''), 'profile')!)).toBe(en.fieldErrors.required);
    expect(await findUsers(email)).toMatchObject([{ name: 'Test User' }]);
  });
});

// That a wrong password confirms nothing, test/contract/hosted-page-gates.test.ts tries.
describe('the section of the data', () => {
  const form = { section: 'data', action: 'export' };

  test('downloads everything as a file', async () => {
    const { email, cookies } = await owner();
    const answer = await press(client, '/account', form, cookies);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get('Content-Disposition')).toBe('attachment; filename="nexora-account.json"');
    expect(answer.headers.get('Content-Type')).toContain('application/json');
    expect(answer.headers.get('Cache-Control')).toContain('no-store');
    expect(answer.json.success).toBe(true);
    expect(answer.text).toContain(email);
  });

  test('a while after the sign-in leads back to the section once it is confirmed, which can download then', async () => {
    const { email, cookies } = await owner();
    await makeStale(email);
    const asked = await press(client, '/account', form, cookies);
    expect([asked.status, asked.headers.get('Content-Disposition')]).toEqual([303, null]);
    const back = await confirm(asked, cookies);
    expect(led(back)).toEqual([303, '/account#data']);
    expect(cookieValue(back, heldCookie)).toBe('');
    const renewed = authCookies(back);
    expect(noticeOf(await follow(back, renewed))).toBe(en.flashes.confirmed);
    expect((await press(client, '/account', form, renewed)).headers.get('Content-Disposition')).toContain(
      'attachment',
    );
  });
});

describe('/account/delete', () => {
  const path = '/account/delete';

  test('is reached from the section, and says what will be deleted', async () => {
    const { email, cookies } = await owner();
    const section = sectionOf(await client.get('/account', { cookies }), 'deletion')!;
    expect(Object.values(linksOf(section))).toEqual([path]);
    const answer = await client.get(path, { cookies });
    expect([answer.status, titleOf(answer)]).toEqual([200, en.account.deletion.confirmTitle]);
    expect(answer.text).toContain(en.account.deletion.warning(email));
    expect(formsOf(answer)).toEqual([{ action: path, fields: { password: '' } }]);
    expect(buttonsOf(answer)).toEqual([en.account.deletion.submit]);
    expect(await findUsers(email)).toHaveLength(1);
  });

  test('deletes by the password, signs out, and says so on the page of the sign-in', async () => {
    const { email, cookies } = await owner();
    const answer = await press(client, path, { password }, cookies);
    expect(led(answer)).toEqual([303, '/login']);
    expect(clearedBy(answer)).toEqual(sessionCookies);
    expect(await findUsers(email)).toEqual([]);
    expect(noticeOf(await follow(answer, {}))).toBe(en.flashes.account_deleted);
    expect((await client.get('/account', { cookies })).headers.get('Location')).toBe(
      '/login?redirectTo=%2Faccount',
    );
  });

  test('deletes nothing by a form that is wrong, and tells it at the field', async () => {
    const { email, cookies } = await owner();
    for (const [form, status, sentence] of [
      [{ password: otherPassword }, 403, en.account.deletion.incorrect],
      [{}, 403, en.account.deletion.incorrect],
      [{ password, sure: 'yes' }, 400, en.fieldErrors.invalid],
    ] as const) {
      const answer = await press(client, path, { ...form }, cookies);
      expect([answer.status, alertOf(answer)]).toEqual([status, sentence]);
      expect(focusedIn(answer)).toBe('password');
      expect(inputOf(answer, 'password')).not.toContain('value=');
      expect(answer.setCookies).toEqual([]);
    }
    expect(await findUsers(email)).toHaveLength(1);
  });

  // What becomes of its form, test/contract/hosted-page-gates.test.ts tries.
  test('asks an account without a password for none', async () => {
    const { userId, cookies } = await owner();
    await dropPassword(client, userId);
    expect(formsOf(await client.get(path, { cookies }))).toEqual([{ action: path, fields: {} }]);
  });
});
