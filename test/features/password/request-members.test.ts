import { describe, expect, test } from 'vitest';
import { expectProblem } from '../../contract/expect-problem.ts';
import { freshEmail, password, registration } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { findUsers } from './stored-accounts.ts';

type Row = [fault: string, members: Readonly<Record<string, unknown>>, expected: readonly string[]];

const client = new TestClient();
const both = (text: string) => ({ password: text, confirmPassword: text });

// What is no text or unknown is refused for every route by test/contract/bodies.test.ts, and what a text may
// be is in test/text-schemas.test.ts: here stand the members of these two, one fault for each schema.
describe('POST /api/auth/register answers 400 validation_failed and creates nothing', () => {
  test.each<Row>([
    ['no members', { email: undefined, name: undefined }, ['/email required', '/name required']],
    ['an address without @', { email: 'nobody.example.com' }, ['/email invalid']],
    ['two addresses in one (EML-02)', { email: 'a@example.com,b@example.com' }, ['/email invalid']],
    ['a name of blanks', { name: '   ' }, ['/name too_short']],
    ['a name with a link (EML-11)', { name: 'see https://evil.example' }, ['/name invalid']],
    ['a name with NUL (INP-09)', { name: 'a\0b' }, ['/name invalid']],
    ['a password of 7 characters (PWD-01)', both('1234567'), ['/password too_short']],
    ['a confirmation that differs', { confirmPassword: `${password}x` }, ['/confirmPassword mismatch']],
    [
      'a confirmation in another case',
      { confirmPassword: password.toUpperCase() },
      ['/confirmPassword mismatch'],
    ],
    ['a transport that does not exist', { transport: 'pigeon' }, ['/transport invalid']],
    [
      'several faults at once',
      { name: '', password: 'short', confirmPassword: 1, role: 'admin' },
      ['/name too_short', '/password too_short', '/confirmPassword wrong_type', '/role unknown_member'],
    ],
  ])('for %s', async (_fault, members, expected) => {
    const email = freshEmail();
    const answer = await client.post('/api/auth/register', registration(email, members));
    expectFaults(answer, expected);
    expect(await findUsers(email)).toEqual([]);
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
    ['an address without @', { email: 'nobody' }, ['/email invalid']],
    ['an empty password', { password: '' }, ['/password too_short']],
    ['a transport that does not exist', { transport: 'pigeon' }, ['/transport invalid']],
  ])('for %s', async (_fault, members, expected) => {
    const answer = await client.post('/api/auth/login', { email: freshEmail(), password, ...members });
    expectFaults(answer, expected);
  });
});

function expectFaults(answer: Answer, expected: readonly string[]): void {
  expectProblem(answer, 400, 'validation_failed');
  expect(answer).toMatchObject({ roundTrips: 0, hashes: 0, setCookies: [] });
  const errors: readonly { pointer: string; code: string }[] = answer.json.errors;
  expect(errors.map(({ pointer, code }) => `${pointer} ${code}`).toSorted()).toEqual(expected.toSorted());
}
