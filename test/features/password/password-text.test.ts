import { describe, expect, test } from 'vitest';
import { freshEmail, registerUser, registration } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { bcryptHash, findUsers, storeAccount } from './stored-accounts.ts';

const client = new TestClient();
const grin = '\u{1f600}';

/** Letters in no order that the policy for new passwords knows, one byte each. */
function letters(length: number): string {
  return Array.from({ length }, (_, index) =>
    String.fromCharCode(97 + ((index * index * 5 + index * 3) % 26)),
  ).join('');
}

/** Likewise characters outside the BMP, four bytes each. */
function faces(length: number): string {
  return Array.from(letters(length), (letter) =>
    String.fromCodePoint(0x1f600 + letter.charCodeAt(0) - 97),
  ).join('');
}

function register(text: string, email = freshEmail(), by = client): Promise<Answer> {
  return by.post('/api/auth/register', registration(email, { password: text, confirmPassword: text }));
}

async function logIn(email: string, text: string): Promise<number> {
  return (await client.post('/api/auth/login', { email, password: text })).status;
}

describe('a new password', () => {
  test.each([
    ['8 characters (PWD-01)', 'a7x2k9d4'],
    ['256 characters, the most there can be (PWD-01)', letters(256)],
    ['256 characters outside the BMP, 1024 bytes (PWD-03)', faces(256)],
    [
      '15 lower-case words with blanks (PWD-08)',
      'one two three four five six seven eight nine ten and so on we go',
    ],
    ['only lower-case letters (PWD-08)', 'qgmzkwpv'],
    ['blanks around it (PWD-05)', '  correct horse  '],
    ['tab, line end and other control characters (PWD-06)', 'tab\there\r\nbell\u0007del\u007f'],
    [
      'letters of many scripts',
      '\u043f\u0430\u0440\u043e\u043b\u044c \u5bc6\u7801 \u05e1\u05d9\u05e1\u05de\u05d4',
    ],
  ])('of %s is accepted and signs in', async (_kind, text) => {
    const email = freshEmail();
    const answer = await register(text, email);
    expect(answer.status, answer.text).toBe(201);
    expect(await logIn(email, text)).toBe(200);
  });

  test.each([
    ['7 characters (PWD-01)', 'a1b2c3d', 'too_short'],
    ['7 characters after NFC, 14 before (PWD-03)', 'e\u0301'.repeat(7), 'too_short'],
    ['257 characters outside the BMP (PWD-03)', grin.repeat(257), 'too_long'],
    ['16 characters with NUL (PWD-06)', 'abcdefgh\0ijklmnop', 'invalid'],
  ])('of %s is refused, never cut', async (_kind, text, code) => {
    const email = freshEmail();
    const { status, json } = await register(text, email);
    expect(status).toBe(400);
    expect(json.errors).toMatchObject([{ pointer: '/password', code }]);
    expect(await findUsers(email)).toEqual([]);
  });

  test('needs PASSWORD_MIN_LENGTH characters where more are configured (PWD-01)', async () => {
    const strict = new TestClient({ PASSWORD_MIN_LENGTH: '12' });
    const attempt = (text: string) => register(text, freshEmail(), strict);
    expect((await attempt('elevenchars')).json.errors).toMatchObject([
      { pointer: '/password', code: 'too_short', message: 'Use at least 12 characters.' },
    ]);
    expect((await attempt('twelve chars')).status).toBe(201);
    expect((await register('elevenchars')).status).toBe(201);
  });
});

describe('a presented password', () => {
  test('must equal the whole of a long one: nothing is truncated (PWD-02)', async () => {
    const text = Array.from({ length: 100 }, (_, index) => String.fromCharCode(33 + (index % 90))).join('');
    const { email } = await registerUser(client, { password: text, confirmPassword: text });
    const start = text.slice(0, 72);
    for (const other of [start, `${start}junk`, `${text}x`, `${text.slice(0, -1)}~`, text.slice(1)]) {
      expect(await logIn(email, other)).toBe(401);
    }
    expect(await logIn(email, text)).toBe(200);
  });

  test('set as decomposed text signs in in the other form (PWD-04)', async () => {
    const [set, presented] = ['caf\u0065\u0301 au lait', 'caf\u00e9 au lait'];
    const { email } = await registerUser(client, { password: set, confirmPassword: set });
    expect(await logIn(email, presented)).toBe(200);
    expect(await logIn(email, set)).toBe(200);
  });

  test.each([
    ['a compatibility form', '\ufb01ve of them', 'five of them'],
    ['case', 'Correct Horse', 'correct horse'],
    ['a leading blank', ' correct horse', 'correct horse'],
  ])('that differs by %s is another one (PWD-05)', async (_difference, set, presented) => {
    const { email } = await registerUser(client, { password: set, confirmPassword: set });
    expect(await logIn(email, presented)).toBe(401);
    expect(await logIn(email, set)).toBe(200);
  });

  test('shorter than today\u2019s policy still signs in: the policy is for setting one (PWD-12)', async () => {
    const strict = new TestClient({ PASSWORD_MIN_LENGTH: '15' });
    for (const text of ['8letters', 'a']) {
      const { email } = await storeAccount(bcryptHash(text));
      // The second login meets the hash that the first one replaced it by.
      for (const _login of ['legacy', 'current']) {
        expect((await strict.post('/api/auth/login', { email, password: text })).status).toBe(200);
      }
    }
  });
});
