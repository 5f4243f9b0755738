import { describe, expect, test } from 'vitest';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { openMail, prepareMail } from '../../src/mail/prepared-mail.ts';

const keyring = createKeyring(crypto.getRandomValues(new Uint8Array(32)));
const content = { token: 'nxp_secret', facts: { userAgent: 'Firefox', location: null } };

describe('what is sealed for a mail', () => {
  test('opens for its row, kind and recipient alone', async () => {
    const recipients = ['one@example.com', 'two@example.com'];
    const { id, kind, sealed } = await prepareMail(keyring, 'reset_password', recipients, {
      ...content,
      ttlSeconds: 3600,
    });
    const row = { id, kind, recipient: 'two@example.com', sealed: sealed[1] ?? '' };
    expect(await openMail(keyring, row)).toEqual(content);
    expect(row.sealed).not.toContain('secret');
    expect(await openMail(keyring, { ...row, id: crypto.randomUUID() })).toBeNull();
    expect(await openMail(keyring, { ...row, kind: 'unlock' })).toBeNull();
    expect(await openMail(keyring, { ...row, recipient: 'one@example.com' })).toBeNull();
  });

  test('is given up when its link has expired, and after a day at the latest', async () => {
    const prepare = (ttlSeconds: number) =>
      prepareMail(keyring, 'new_device', ['one@example.com'], { ...content, ttlSeconds });
    expect((await prepare(3600)).ttlSeconds).toBe(3600);
    expect((await prepare(604_800)).ttlSeconds).toBe(86_400);
  });
});
