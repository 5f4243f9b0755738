import { beforeEach, describe, expect, test } from 'vitest';
import { password } from '../support/accounts.ts';
import { cookieValue, TestClient } from '../support/client.ts';
import { led } from '../support/hosted-pages.ts';
import { formsOf } from '../support/shown-page.ts';
import { providerVariables } from '../support/social.ts';
import { codeAt } from '../support/two-factor.ts';
import { attributes, expectPage, visiblePart } from './expect-page.ts';
import {
  cookiesOf,
  hostedExample,
  hostedForm,
  hostedPages,
  insertSender,
  senderOf,
  submitForm,
} from './hosted-page-table.ts';
import { insertAccount } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { isTriedInFull } from './route-choice.ts';

const client = new TestClient(providerVariables());
// For what changes nothing of it. It signs in often.
const account = await insertAccount(client);
beforeEach(() => void recordLog());

/** What must lead nowhere but to the default (OAU-10). */
const evilTargets: readonly string[] = [
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '\r\n//evil.example',
  ' //evil.example',
  'https:evil.example',
  'https:/evil.example',
  'https:///evil.example',
  'https://evil.example',
  'http://evil.example/x',
  'HTTPS://evil.example',
  'https://auth.test@evil.example',
  'https://app.test@evil.example/',
  'https://auth.test.evil.example',
  'https://app.test.evil.example',
  'https://app.test:444/evil',
  'http://app.test/evil',
  'javascript:alert(1)//evil',
  'JaVaScRiPt:evil()',
  'data:text/html,<script>evil()</script>',
  'vbscript:evil',
  'file:///evil',
  'evil.example',
  'evil',
  '../evil',
  '?evil',
  '#evil',
  'https://evil。example',
  'https://auth.test\u0000.evil.example',
  '/\u0000evil',
  `/evil${'x'.repeat(1024)}`,
];

/** Paths of this service, however odd: that nobody serves them is all that comes of it. */
const ownTargets: readonly string[] = [
  '/account/sessions?a=b&c=d#e',
  '/%2f%2fevil.example',
  '/%5cevil.example',
  '/.//evil.example',
  '/x/..//evil.example',
  '/https://evil.example',
  '/@evil.example',
  'https://auth.test/account/security',
  '/"><script>evil()</script>',
];

const targetPages = hostedPages.filter((path) => hostedExample(path).hasTarget);
const firstForm = (path: string) => Object.keys(hostedExample(path).forms)[0] ?? '';
const visitorOf = (path: string) => cookiesOf(hostedExample(path).visitor, account);
const withTarget = (path: string, redirectTo: string) => `${path}?${new URLSearchParams({ redirectTo })}`;

/** Where each of them is refused alike, one of each kind on the pages that are no models. */
function evilTargetsFor(path: string): readonly string[] {
  const telling = ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)//evil'];
  return isTriedInFull(path) ? evilTargets : telling;
}

/** Sends the form of the page with a target. */
async function submitWith(path: string, redirectTo: string, by = client) {
  const form = [path, firstForm(path)] as const;
  const sender = await insertSender(client, form);
  const cookies = cookiesOf(senderOf(form), sender);
  return by.submit(path, { ...hostedForm(...form).fields(sender), redirectTo }, { cookies });
}

test('the pages that lead somewhere in the end are known', () => {
  expect(targetPages).toEqual(['/login', '/register', '/login/two-factor']);
});

describe.each(targetPages)('%s', (path) => {
  test('hands no target on that is not ours, and its policy lets the form lead nowhere else (OAU-10, HDR-03)', async () => {
    for (const target of evilTargetsFor(path)) {
      const answer = await client.get(withTarget(path, target), { cookies: visitorOf(path) });
      expectPage(answer, 200, target);
      expect(formsOf(answer)[0]?.fields, target).not.toHaveProperty('redirectTo');
      expect(visiblePart(answer), target).not.toContain('evil');
    }
  });

  test('leads to the default after a form with a target that is not ours (OAU-10)', async () => {
    for (const target of evilTargetsFor(path)) {
      const answer = await submitWith(path, target);
      expect(led(answer), target).toEqual([303, 'https://auth.test/account']);
    }
  });

  test('takes 10 KiB, a target twice and a list of them for none (OAU-10)', async () => {
    const long = await submitWith(path, `/evil${'x'.repeat(10_240)}`);
    expect(led(long)).toEqual([303, 'https://auth.test/account']);
    const cookies = visitorOf(path);
    const longer = await client.get(withTarget(path, `/evil${'x'.repeat(10_240)}`), { cookies });
    expect(led(longer)).toEqual([414, null]);
    for (const query of [
      'redirectTo=/account/sessions&redirectTo=//evil.example',
      'redirectTo=//evil.example&redirectTo=/account/sessions',
      'redirectTo[]=//evil.example',
      'redirectTo[0]=/evil&redirectTo[1]=/evil',
      'redirectto=//evil.example',
      'redirectTo',
      'redirectTo=%ff%fe//evil.example',
      'redirectTo=%',
    ]) {
      const answer = await client.get(`${path}?${query}`, { cookies });
      expectPage(answer, 200, query);
      expect(visiblePart(answer), query).not.toContain('evil');
      expect(formsOf(answer)[0]?.fields, query).not.toHaveProperty('redirectTo');
    }
    const form = hostedForm(path, firstForm(path)).fields(account);
    const listed = await client.submit(
      path,
      { ...form, 'redirectTo[]': '/evil' },
      { cookies: visitorOf(path) },
    );
    expectPage(listed, 400);
    const type = { Origin: 'https://auth.test', 'Content-Type': 'application/x-www-form-urlencoded' };
    const twice = `${new URLSearchParams(form)}&redirectTo=/a&redirectTo=//evil.example`;
    const request = new Request(`https://auth.test${path}`, { method: 'POST', body: twice, headers: type });
    expectPage(await client.send(request), 400);
  });

  const telling = ['/account/sessions?a=b&c=d#e', '/%2f%2fevil.example', '/"><script>evil()</script>'];
  test.each(isTriedInFull(path) ? ownTargets : telling)(
    'leads to a path of this service alone: %s (OAU-10)',
    async (target) => {
      const shown = await client.get(withTarget(path, target), { cookies: visitorOf(path) });
      expectPage(shown, 200);
      expect(formsOf(shown)[0]?.fields.redirectTo).toBe(target);
      expect(shown.text).not.toContain('"><script>evil');
      const answer = await submitWith(path, target);
      expect(answer.status, answer.text).toBe(303);
      const location = answer.headers.get('Location') ?? '';
      expect(location).toBe(new URL(target, 'https://auth.test').href);
      expect(new URL(location).origin).toBe('https://auth.test');
    },
  );

  test('names the listed origin of its target in the policy, and no other (HDR-03, OAU-10)', async () => {
    const target = 'https://app.test/home?a=b';
    const shown = await client.get(withTarget(path, target), { cookies: visitorOf(path) });
    expectPage(shown, 200, { formTarget: 'https://app.test' });
    const refused = await client.submit(path, { redirectTo: target }, { cookies: visitorOf(path) });
    expectPage(refused, 400, { formTarget: 'https://app.test' });
    expect(formsOf(refused)[0]?.fields.redirectTo).toBe(target);
    const answer = await submitWith(path, target);
    expect(led(answer)).toEqual([303, target]);
  });

  test('names the origin of the default, where that is another one (HDR-03)', async () => {
    const home = 'https://elsewhere.test/home';
    const other = new TestClient({ ...providerVariables(), DEFAULT_REDIRECT_URL: home });
    for (const address of [path, withTarget(path, '//evil.example')])
      expectPage(await other.get(address, { cookies: visitorOf(path) }), 200, {
        formTarget: 'https://elsewhere.test',
      });
    const form = [path, firstForm(path)] as const;
    const answer = await submitForm(other, form, await insertSender(client, form));
    expect(answer.headers.get('Location')).toBe(home);
    // It is the operator's own, and nothing that a link may ask for.
    expect((await submitWith(path, `${home}/x`, other)).headers.get('Location')).toBe(home);
  });
});

test.each(
  hostedPages.filter((path) => !hostedExample(path).hasTarget && hostedExample(path).shown.status === 200),
)('%s lets its forms lead nowhere else, whatever its address says (HDR-03)', async (path) => {
  const cookies = visitorOf(path);
  for (const name of ['redirectTo', 'returnTo'])
    expectPage(await client.get(`${path}?${name}=https://app.test/home`, { cookies }), 200);
});

describe('the target of a sign-in', () => {
  test('survives the way to a registration, to the second step and back (OAU-10)', async () => {
    const target = 'https://app.test/home?a=b';
    const query = `?${new URLSearchParams({ redirectTo: target })}`;
    const shown = await client.get(`/login${query}`);
    expect(attributes(shown.text, 'href')).toContain(`/register${query}`.replaceAll('&', '&amp;'));
    const register = await client.get(`/register${query}`);
    expect(attributes(register.text, 'href')).toContain(`/login${query}`);
    const { twoFactor } = await insertAccount(client, (read) => read.twoFactor);
    const { email } = twoFactor;
    const first = await client.submit('/login', { email, password, redirectTo: target });
    expect(led(first)).toEqual([303, `/login/two-factor${query}`]);
    const cookies = {
      '__Host-nexora_challenge': cookieValue(first, '__Host-nexora_challenge') ?? '',
    };
    const second = await client.get(`/login/two-factor${query}`, { cookies });
    expect(attributes(second.text, 'href')).toEqual(
      expect.arrayContaining([`/login${query}`, `/login/two-factor?way=backup&amp;${query.slice(1)}`]),
    );
    const proof = { code: codeAt(twoFactor.secret) };
    const done = await client.submit('/login/two-factor', { ...proof, redirectTo: target }, { cookies });
    expect(led(done)).toEqual([303, target]);
  });

  test('is the default after the second step where another was asked for than an own one (OAU-10)', async () => {
    const { email } = account.twoFactor;
    for (const redirectTo of ['//evil.example', 'https://evil.example']) {
      const first = await client.submit('/login', { email, password, redirectTo });
      expect(first.headers.get('Location')).toBe('/login/two-factor');
    }
  });

  test('that is not ours is not where somebody is led who is signed in already (OAU-10)', async () => {
    for (const target of evilTargetsFor('/reauthenticate')) {
      const answer = await client.get(withTarget('/login', target), { cookies: account.cookies });
      expect(led(answer), target).toEqual([303, 'https://auth.test/account']);
    }
  });
});

describe('where other forms lead back to', () => {
  test('the choice of a language: to a path of this service alone (OAU-10)', async () => {
    for (const returnTo of [...evilTargets, 'https://app.test/home', 'https://auth.test/account']) {
      const answer = await client.submit('/language', { language: 'de', returnTo });
      expect(led(answer), returnTo).toEqual([303, '/']);
    }
    for (const returnTo of ownTargets.filter((target) => target.startsWith('/'))) {
      const answer = await client.submit('/language', { language: 'de', returnTo });
      const location = answer.headers.get('Location') ?? '';
      expect(new URL(location, 'https://auth.test').origin, returnTo).toBe('https://auth.test');
    }
  });

  test('an authentication: to a page of the account alone (OAU-10)', async () => {
    const { cookies } = account;
    for (const returnTo of [
      ...evilTargets,
      ...ownTargets,
      '/login',
      '/reauthenticate',
      '/logout',
      '/account/',
    ]) {
      const address = `/reauthenticate?${new URLSearchParams({ returnTo })}`;
      const shown = await client.get(address, { cookies });
      expect(led(shown), returnTo).toEqual([303, '/account']);
      if (evilTargets.includes(returnTo) && !evilTargetsFor('/reauthenticate').includes(returnTo)) continue;
      const form = { action: 'continue', returnTo };
      const answer = await client.submit('/reauthenticate', form, { cookies });
      expect(led(answer), returnTo).toEqual([303, '/account']);
    }
    const own = await client.get('/reauthenticate?returnTo=/account/security', { cookies });
    expect(own.headers.get('Location')).toBe('/account/security');
  });
});
