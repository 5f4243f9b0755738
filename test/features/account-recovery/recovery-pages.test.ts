import { describe, expect, test } from 'vitest';
import { otherPassword, password } from '../../support/accounts.ts';
import { cookieValue, TestClient } from '../../support/client.ts';
import { storeLink } from '../../support/links.ts';
import { mailsTo } from '../../support/mailbox.ts';
import { mainOf } from '../../support/shown-page.ts';
import { findSessions } from '../password/stored-accounts.ts';
import { signIn } from '../sessions/session-fixtures.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const fields = { password: otherPassword, confirmPassword: otherPassword };

const pages = [
  ['/auth/reset-password', 'reset_password', fields],
  ['/auth/unlock', 'unlock', {}],
  ['/auth/not-me', 'not_me', {}],
] as const;

async function open(kind: (typeof pages)[number][1]) {
  const owner = await signIn(client);
  return { owner, token: await storeLink(client, kind, { id: owner.userId, email: owner.email }) };
}

describe.each(pages)('%s', (path, kind, filledIn) => {
  test('is looked at as often as anybody likes without effect, and works once when it is sent (EML-05)', async () => {
    const { owner, token } = await open(kind);
    for (const method of ['GET', 'GET', 'GET', 'HEAD']) {
      const shown = await client.call(method, `${path}?token=${token}`);
      expect(shown).toMatchObject({ status: 200, roundTrips: 0, setCookies: [] });
    }
    expect(await findSessions(owner.userId)).toHaveLength(1);
    const sent = await client.submit(path, { token, ...filledIn });
    expect(sent.status, sent.text).toBe(200);
    expect(sent.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(mainOf(sent)).not.toContain('<form');
    expect((await client.submit(path, { token, ...filledIn })).status).toBe(400);
  });

  test('keeps its address to itself and loads nothing from others (RST-09)', async () => {
    const { token } = await open(kind);
    const { headers, text } = await client.get(`${path}?token=${token}`);
    expect(headers.get('Referrer-Policy')).toBe('same-origin');
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    expect(text).not.toMatch(/(?:src|href|action)="(?:https?:)?\/\//);
    expect(text).toContain('history.replaceState');
  });

  test('is refused from a page of somebody else, and the link stays good (CSR-01)', async () => {
    const { token } = await open(kind);
    const foreign = { headers: { Origin: 'https://evil.example' } };
    expect((await client.submit(path, { token, ...filledIn }, foreign)).status).toBe(403);
    expect((await client.submit(path, { token, ...filledIn })).status).toBe(200);
  });

  test('refuses a field that it does not know', async () => {
    const { token } = await open(kind);
    expect((await client.submit(path, { token, ...filledIn, role: 'admin' })).status).toBe(400);
    expect((await client.submit(path, { token, ...filledIn })).status).toBe(200);
  });

  test('tells in German that a link is no longer good, to whoever reads German', async () => {
    const headers = { 'Accept-Language': 'de-CH' };
    const answer = await client.submit(path, { token: 'nxp_x', ...filledIn }, { headers });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('lang="de"');
    expect(answer.text).not.toContain('This link');
  });
});

describe('/auth/reset-password', () => {
  test('shows what is wrong with a password beside the form, and the next try succeeds (RST-05)', async () => {
    const { owner, token } = await open('reset_password');
    for (const weak of ['password123', 'abc']) {
      const refused = await client.submit('/auth/reset-password', {
        token,
        password: weak,
        confirmPassword: weak,
      });
      expect(refused.status).toBe(400);
      expect(refused.text).toContain(`value="${token}"`);
      expect(refused.text).not.toContain(weak);
    }
    const differs = await client.submit('/auth/reset-password', {
      token,
      password: otherPassword,
      confirmPassword: 'x',
    });
    expect(differs.text).toContain('The two passwords differ.');
    const done = await client.submit('/auth/reset-password', { token, ...fields });
    expect(done.status).toBe(200);
    expect(done.text).toContain('Password changed');
    const login = await client.post('/api/auth/login', { email: owner.email, password: otherPassword });
    expect(login.status).toBe(200);
  });

  test('asks for two new passwords, and says how long they have to be', async () => {
    const long = new TestClient({ PASSWORD_MIN_LENGTH: '12' });
    const { text } = await long.get('/auth/reset-password?token=x');
    expect(text.match(/type="password"/g)).toHaveLength(2);
    expect(text.match(/autocomplete="new-password"/g)).toHaveLength(2);
    expect(text).toContain('At least 12 characters');
  });
});

test.each(pages.slice(0, 2))(
  '%s makes the browser a known device by a cookie alone (LIM-11)',
  async (path, kind, filledIn) => {
    const { owner, token } = await open(kind);
    const done = await client.submit(path, { token, ...filledIn });
    expect(done.headers.has('X-Device-Token')).toBe(false);
    const device = cookieValue(done, '__Host-nexora_device')!;
    const credentials = { email: owner.email, password: kind === 'unlock' ? password : otherPassword };
    const cookies = { '__Host-nexora_device': device };
    expect((await client.post('/api/auth/login', credentials, { cookies })).status).toBe(200);
    // It is known: nobody is told of a new one.
    expect((await mailsTo(client, owner.email)).map(({ kind: mail }) => mail)).not.toContain('new_device');
  },
);
