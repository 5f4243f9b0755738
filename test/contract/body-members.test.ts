import { describe, expect, test } from 'vitest';
import { type Answer, TestClient } from '../support/client.ts';
import { insertAccount } from './insert-account.ts';
import { rawExample } from './raw-example.ts';
import { casesFor } from './route-choice.ts';
import { bodyRoutes, fullBody, membersOf } from './route-table.ts';

const client = new TestClient();
const account = await insertAccount(client);

/** The full body with one member's JSON text replaced. */
function sendWith(key: string, member: string, text: string): Promise<Answer> {
  const body = { ...fullBody(key, account, member), [member]: '~' };
  return client.send(
    rawExample(
      key,
      account,
      JSON.stringify(body).replace('"~"', () => text),
    ),
  );
}

/** What no request may set, under the names of the API, of the tables and of other systems. */
const members = {
  id: '00000000-0000-4000-8000-000000000000',
  role: 'admin',
  roles: ['admin'],
  isAdmin: true,
  admin: true,
  emailVerified: true,
  email_verified_at: '2020-01-01',
  isVerificationExempt: true,
  passwordHash: '$2a$04$x',
  password_hash: '$2a$04$x',
  hasPassword: false,
  recoveryRequired: false,
  twoFactorEnabled: false,
  two_factor_since: null,
  twoFactorResetAt: '2020-01-01',
  secondFactorAt: '2030-01-01',
  second_factor_at: '2030-01-01',
  amr: ['pwd', 'otp', 'mfa'],
  acr: 'aal2',
  secretSealed: 'x',
  last_step: 0,
  createdAt: '2020-01-01',
  updatedAt: '2020-01-01',
  bannedAt: null,
  userId: '00000000-0000-4000-8000-000000000000',
  sessionId: '00000000-0000-4000-8000-000000000000',
  user: { role: 'admin' },
};

const wrongTypes: [text: string][] = [
  ['1'],
  ['0'],
  ['-0'],
  ['1e400'],
  ['9007199254740993'],
  ['true'],
  ['null'],
  ['{}'],
  ['[]'],
  ['["a@b.example"]'],
];

describe.each(bodyRoutes)('%s', (key) => {
  test('refuses members that it does not know, and changes nothing (INP-07)', async () => {
    for (const [name, value] of casesFor(key, Object.entries(members), ['role', 'emailVerified', 'userId'])) {
      const answer = await sendWith(key, name, JSON.stringify(value));
      expect([answer.status, answer.json.code], name).toEqual([400, 'validation_failed']);
      expect(answer.json.errors, name).toContainEqual({
        pointer: `/${name}`,
        code: 'unknown_member',
        message: expect.any(String),
      });
      expect(answer.roundTrips, name).toBe(0);
    }
  });

  test.each(casesFor(key, wrongTypes, ['1', 'null', '[]']))(
    'converts nothing: %s is of no other type (INP-08)',
    async (text) => {
      for (const [member, value] of Object.entries(membersOf(key, account))) {
        if (typeof value === typeof JSON.parse(text)) continue;
        const answer = await sendWith(key, member, text);
        expect([answer.status, answer.json.code], member).toEqual([400, 'validation_failed']);
        const codes = answer.json.errors
          .filter(({ pointer }: { pointer: string }) => pointer === `/${member}`)
          .map(({ code }: { code: string }) => code);
        expect(['wrong_type', 'invalid'], member).toContain(codes[0]);
        expect(answer.roundTrips).toBe(0);
      }
    },
  );

  test('bounds every text (INP-10)', async () => {
    for (const member of Object.keys(membersOf(key, account))) {
      const answer = await sendWith(key, member, `"${'a'.repeat(15_000)}"`);
      expect([answer.status, answer.json.code], member).toEqual([400, 'validation_failed']);
      expect(answer.json.errors[0].pointer, member).toBe(`/${member}`);
    }
  });

  test('never hands a NUL to the database, which cannot store one (INP-09)', async () => {
    for (const member of Object.keys(membersOf(key, account))) {
      for (const text of ['"a\\u0000b"', '"\\u0000"', '"a@b.example\\u0000"']) {
        const answer = await sendWith(key, member, text);
        // A logout ignores a token that nobody can have been given, and a login one that would say more of the device.
        expect(answer.status, `${member} ${answer.text}`).toBeLessThan(500);
        if (member !== 'trustedDeviceToken') expect(answer.roundTrips, member).toBe(0);
      }
    }
  });
});
