import { describe, expect, test } from 'vitest';
import { otherPassword, password } from '../../support/accounts.ts';
import { cookieValue, TestClient } from '../../support/client.ts';
import { storeLink } from '../../support/links.ts';
import { mailsTo } from '../../support/mailbox.ts';
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
