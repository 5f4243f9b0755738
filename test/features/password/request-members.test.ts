import { describe, expect, test } from 'vitest';
import { freshEmail, password, registration } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { findUsers } from './stored-accounts.ts';

type Row = [fault: string, members: Readonly<Record<string, unknown>>, expected: readonly string[]];

const client = new TestClient();
const both = (text: string) => ({ password: text, confirmPassword: text });

const wrongTypes = ['email', 'name', 'password', 'confirmPassword'].flatMap((member): Row[] =>
  [1, null, true, {}, ['x']].map((value) => [
    `${JSON.stringify(value)} as ${member}`,
    { [member]: value },
    [`/${member} wrong_type`],
  ]),
);

const missing = ['email', 'name', 'password', 'confirmPassword'].map(
  (member): Row => [`no ${member}`, { [member]: undefined }, [`/${member} required`]],
);

const unknown = ['role', 'isAdmin', 'id', 'emailVerified', 'passwordHash', 'createdAt', 'locale'].map(
  (member): Row => [`unknown member ${member}`, { [member]: 'admin' }, [`/${member} unknown_member`]],
);

describe('POST /api/auth/register answers 400 validation_failed and creates nothing', () => {
  test.each<Row>([
    ...missing,
    ...wrongTypes,
    ...unknown,
    ['an address without @', { email: 'nobody.example.com' }, ['/email invalid']],
    ['two addresses in one (EML-02)', { email: 'a@example.com,b@example.com' }, ['/email invalid']],
    ['an empty address', { email: '' }, ['/email invalid']],
    ['an address of 255 characters', { email: `${'a'.repeat(243)}@example.com` }, ['/email too_long']],
    ['an empty name', { name: '' }, ['/name too_short']],
    ['a name of blanks', { name: '   ' }, ['/name too_short']],
    ['a name of 101 characters', { name: 'n'.repeat(101) }, ['/name too_long']],
    ['a name with a link (EML-11)', { name: 'see https://evil.example' }, ['/name invalid']],
    ['a name with NUL (INP-09)', { name: 'a\0b' }, ['/name invalid']],
    ['a password of 7 characters (PWD-01)', both('1234567'), ['/password too_short']],
    ['a password of 257 characters (PWD-01)', both('p'.repeat(257)), ['/password too_long']],
    ['a confirmation that differs', { confirmPassword: `${password}x` }, ['/confirmPassword mismatch']],
    [
      'a confirmation in another case',
      { confirmPassword: password.toUpperCase() },
      ['/confirmPassword mismatch'],
    ],
    ['an empty confirmation', { confirmPassword: '' }, ['/confirmPassword mismatch']],
    ['a transport that does not exist', { transport: 'pigeon' }, ['/transport invalid']],
    [
      'several faults at once',
      { name: '', password: 'short', confirmPassword: 1, role: 'admin' },
      ['/name too_short', '/password too_short', '/confirmPassword wrong_type', '/role unknown_member'],
    ],
  ])('for %s', async (_fault, members, expected) => {
    const email = freshEmail();
    const answer = await client.post('/api/auth/register', registration(email, members));
    expect(answer.status).toBe(400);
    expect(answer.json.code).toBe('validation_failed');
    expect(pointersOf(answer.json.errors)).toEqual(expected.toSorted());
    expect(answer).toMatchObject({ roundTrips: 0, hashes: 0, setCookies: [] });
    expect(await findUsers(email)).toEqual([]);
  });

  test.each([
    ['a list', []],
    ['a text', 'x'],
    ['a number', 1],
    ['null', null],
  ])('for %s in place of an object (INP-03)', async (_fault, body) => {
    const answer = await client.post('/api/auth/register', body);
    expect(answer.status).toBe(400);
    expect(pointersOf(answer.json.errors)).toEqual([' wrong_type']);
  });

  test('never repeating what was sent', async () => {
    const body = registration('not-an-address-4711', { ...both('pw-4711'), name: '<4711>' });
    const answer = await client.post('/api/auth/register', body);
    expect(answer.json.errors).toHaveLength(3);
    expect(answer.text).not.toContain('4711');
  });
});

describe('POST /api/auth/login answers 400 validation_failed', () => {
  test.each<Row>([
    ['no members', { email: undefined, password: undefined }, ['/email required', '/password required']],
    ['a number as email', { email: 1 }, ['/email wrong_type']],
    ['a list as password', { password: ['x'] }, ['/password wrong_type']],
    ['an address without @', { email: 'nobody' }, ['/email invalid']],
    ['an empty password', { password: '' }, ['/password too_short']],
    [
      'a confirmation, which is for register',
      { confirmPassword: password },
      ['/confirmPassword unknown_member'],
    ],
    ['a transport that does not exist', { transport: 'pigeon' }, ['/transport invalid']],
  ])('for %s', async (_fault, members, expected) => {
    const answer = await client.post('/api/auth/login', { email: freshEmail(), password, ...members });
    expect(answer.status).toBe(400);
    expect(answer.json.code).toBe('validation_failed');
    expect(pointersOf(answer.json.errors)).toEqual(expected.toSorted());
    expect(answer).toMatchObject({ roundTrips: 0, hashes: 0, setCookies: [] });
  });
});

function pointersOf(errors: readonly { pointer: string; code: string }[]): string[] {
  return errors.map(({ pointer, code }) => `${pointer} ${code}`).toSorted();
}
