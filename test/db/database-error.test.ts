import { NeonDbError } from '@neondatabase/serverless';
import { describe, expect, test } from 'vitest';
import { type DatabaseError, toDatabaseError } from '../../src/db/database-error.ts';

/** What the driver throws for HTTP 400: the members of the body, absent where they are null. */
function refusal(code: string | undefined, members: object = {}): NeonDbError {
  return Object.assign(new NeonDbError('refused, canary'), { code, severity: 'ERROR', ...members });
}

/** What the driver throws when `fetch` fails. */
function failedFetch(cause: Error): NeonDbError {
  return Object.assign(new NeonDbError(`Error connecting to database: ${cause}`), { sourceError: cause });
}

/** The outcome, the SQLSTATE, whether it may go well later, and what the log says. */
type Verdict = [outcome: string, code: string | null, isUnavailable: boolean, message: string];

const noAnswer = (what: string): Verdict => ['unknown', null, true, `no answer from the database: ${what}`];
const refused = (outcome: string, code: string, isUnavailable: boolean): Verdict => [
  outcome,
  code,
  isUnavailable,
  'refused, canary',
];

function verdict({ outcome, code, isUnavailable, message }: DatabaseError): Verdict {
  return [outcome, code, isUnavailable, message];
}

const neonBody = '{"message":"canary","code":""}';

describe('toDatabaseError', () => {
  test.each<[what: string, thrown: unknown, expected: Verdict]>([
    ['a fetch that failed', failedFetch(new TypeError('canary')), noAnswer('TypeError')],
    [
      'a fetch that was given up',
      failedFetch(new DOMException('canary', 'AbortError')),
      noAnswer('timed out'),
    ],
    ['a body that was given up', new DOMException('canary', 'AbortError'), noAnswer('timed out')],
    ['a body that is not JSON', new SyntaxError('canary'), noAnswer('SyntaxError')],
    ['a body without rows', new TypeError('canary'), noAnswer('TypeError')],
    ['HTTP 500', new NeonDbError(`Server error (HTTP status 500): ${neonBody}`), noAnswer('HTTP status 500')],
    ['HTTP 429', new NeonDbError('Server error (HTTP status 429): canary'), noAnswer('HTTP status 429')],
    ['HTTP 503', new NeonDbError('Server error (HTTP status 503): '), noAnswer('HTTP status 503')],
    ['HTTP 400 without a code', refusal(undefined), noAnswer('NeonDbError')],
    ['HTTP 400 with the code ""', refusal(''), noAnswer('NeonDbError')],
    ['another error', new Error('canary'), noAnswer('Error')],
    ['a text', 'canary', noAnswer('unknown error')],
    ['nothing', undefined, noAnswer('unknown error')],
    ['an object with a code', { code: '23505' }, noAnswer('unknown error')],
    [
      'an error with a code that is not the driver’s',
      Object.assign(new Error(), { code: '23505' }),
      noAnswer('Error'),
    ],
  ])('says of %s that the statement may have run (DBF-05)', (_what, thrown, expected) => {
    expect(verdict(toDatabaseError(thrown))).toEqual(expected);
    expect(toDatabaseError(thrown).message).not.toContain('canary');
  });

  test.each(['08000', '08001', '08003', '08006', '08P01'])(
    'says of class 08 that the statement may have run: %s (DBF-05)',
    (code) => {
      expect(verdict(toDatabaseError(refusal(code)))).toEqual(refused('unknown', code, true));
    },
  );

  test.each([
    '40001',
    '40P01',
    '53000',
    '53100',
    '53200',
    '53300',
    '55P03',
    '57014',
    '57P01',
    '57P02',
    '57P03',
    '58000',
    '58030',
    'XX000',
    '25006',
    '28000',
    '28P01',
    '42501',
    '3D000',
    '42P01',
    '42703',
  ])('says of %s that nothing happened and that it may go well later (DBF-05, DBF-11)', (code) => {
    expect(verdict(toDatabaseError(refusal(code)))).toEqual(refused('rejected', code, true));
  });

  test.each([
    '23505',
    '23503',
    '23514',
    '23502',
    '22P02',
    '22021',
    '22001',
    '42601',
    '42883',
    '21000',
    '25P02',
    '0A000',
  ])('says of %s that nothing happened and that it will fail again (DBF-05)', (code) => {
    expect(verdict(toDatabaseError(refusal(code)))).toEqual(refused('rejected', code, false));
  });

  test('keeps the constraint and the cause, and nothing that quotes a row', () => {
    const thrown = refusal('23505', {
      constraint: 'users_email_lower_key',
      detail: 'Key (email)=(canary) exists.',
    });
    const error = toDatabaseError(thrown);
    expect([error.name, error.constraint, error.cause]).toEqual([
      'DatabaseError',
      'users_email_lower_key',
      thrown,
    ]);
    expect(Object.values(error).join()).not.toContain('Key (email)');
    expect(toDatabaseError(refusal('22P02')).constraint).toBeNull();
  });
});
