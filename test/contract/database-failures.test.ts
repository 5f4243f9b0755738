import { beforeEach, describe, expect, test } from 'vitest';
import { TestClient } from '../support/client.ts';
import { type Fault, faultyEndpoint } from '../support/database.ts';
import { expectProblem, innards } from './expect-problem.ts';
import { insertAccount } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { isFull, isTriedInFull } from './route-choice.ts';
import { type Account, databaseProblemRoutes, exampleCall, exampleOf } from './route-table.ts';

let account: Account;

beforeEach(async () => {
  account = await insertAccount(new TestClient());
});

/** PostgreSQL's refusal in all its words, none of which may leave. */
function refusal(sqlstate: string): Fault {
  return {
    sqlstate,
    message: 'duplicate key value violates unique constraint "users_email_lower_key" canary',
    detail: 'Key (lower(email))=(canary@example.com) already exists.',
    hint: 'canary at ep-cool-darkness-123456.neon.tech',
    where: 'SQL statement "SELECT canary"',
    schema: 'public',
    table: 'users',
    constraint: 'users_email_lower_key',
    file: 'nbtinsert.c',
    line: '664',
    routine: '_bt_check_unique',
  };
}

/** Where somebody may have taken the address meanwhile, which only the constraint can say in time. */
const answersTaken = ['POST /api/auth/email/change/confirm', 'POST /api/auth/email/change/revert'];

const neonFailure = '{"message":"canary at ep-cool.neon.tech: Control plane request failed","code":""}';

const takenAddress = refusal('23505');
const missingTable = refusal('42P01');

/** `attempts`: how often the statement is sent, where a second try can help. */
const failures: [what: string, fault: Fault, code: string, attempts: number][] = [
  ['a refused connection', 'refuse', 'service_unavailable', 2],
  ['no answer at all', 'hang', 'service_unavailable', 2],
  ['an answer that is not JSON', 'garbage', 'service_unavailable', 2],
  ['HTTP 500', { status: 500, body: neonFailure }, 'service_unavailable', 2],
  ['HTTP 503', { status: 503, body: '<html>canary</html>' }, 'service_unavailable', 2],
  ['HTTP 429', { status: 429, body: neonFailure }, 'service_unavailable', 2],
  ['HTTP 200 without rows', { status: 200, body: '{"canary":1}' }, 'service_unavailable', 2],
  ['HTTP 400 that is not JSON', { status: 400, body: 'canary' }, 'service_unavailable', 2],
  ['a refusal without a code', refusal(''), 'service_unavailable', 2],
  ['a lost connection (08006)', refusal('08006'), 'service_unavailable', 2],
  ['a cancelled query (08P01)', refusal('08P01'), 'service_unavailable', 2],
  ['a lost race (40001)', refusal('40001'), 'service_unavailable', 2],
  ['a deadlock (40P01)', refusal('40P01'), 'service_unavailable', 2],
  ['too many connections (53300)', refusal('53300'), 'service_unavailable', 2],
  ['a lock that is not available (55P03)', refusal('55P03'), 'service_unavailable', 2],
  ['a shutdown (57P01)', refusal('57P01'), 'service_unavailable', 2],
  ['a statement timeout (57014)', refusal('57014'), 'service_unavailable', 1],
  ['a full disk (53100)', refusal('53100'), 'service_unavailable', 1],
  ['a read-only primary (25006)', refusal('25006'), 'service_unavailable', 1],
  ['a wrong database password (28P01)', refusal('28P01'), 'service_unavailable', 1],
  ['a missing database (3D000)', refusal('3D000'), 'service_unavailable', 1],
  ['a missing table (42P01)', missingTable, 'service_unavailable', 1],
  ['a missing column (42703)', refusal('42703'), 'service_unavailable', 1],
  ['a missing grant (42501)', refusal('42501'), 'service_unavailable', 1],
  ['a failure of the storage (XX000)', refusal('XX000'), 'service_unavailable', 1],
  ['a violated constraint (23505)', takenAddress, 'internal_error', 1],
  ['text that is no uuid (22P02)', refusal('22P02'), 'internal_error', 1],
  ['a syntax error (42601)', refusal('42601'), 'internal_error', 1],
];

interface Point {
  readonly key: string;
  /** How many statements go well before. */
  readonly index: number;
  readonly by: 'cookie' | 'bearer';
}

/**
 * One failure of each class that a flow can tell apart: every route meets these, since any could mistake one for an answer.
 * The models meet all.
 */
const onEveryRoute = ['a refused connection', 'a missing table (42P01)', 'a violated constraint (23505)'];

/** Where routes ask the database. */
function pointsFor(what: string, fault: Fault): Point[] {
  const isEvery = isFull || onEveryRoute.includes(what);
  const routes = databaseProblemRoutes.filter((key) => isEvery || isTriedInFull(key));
  // How a credential came makes no difference to a failure, but only a cookie can be touched by its answer.
  const isBothWays = isFull || ['refuse', takenAddress, missingTable].includes(fault);
  return routes.flatMap((key) => {
    const { roundTrips, roundTripsByCookie = roundTrips } = exampleOf(key);
    const calls = (by: Point['by'], length: number): Point[] =>
      Array.from({ length }, (_, index) => ({ key, index, by }));
    const isByBearer = isBothWays && isTriedInFull(key);
    return [...calls('cookie', roundTripsByCookie), ...(isByBearer ? calls('bearer', roundTrips) : [])];
  });
}

/** How many requests are on their way at once, each by a client of its own: to make one costs more than a request. */
const lanes = 16;

describe('when the database answers with', () => {
  test.each(failures)(
    '%s, no route tells more than that, says 401 or touches a cookie (LOG-02, DBF-01, DBF-03, DBF-04, DBF-05)',
    async (what, fault, code, attempts) => {
      const lines = recordLog();
      const points = pointsFor(what, fault);
      const isTaken = ({ key, index }: Point) =>
        fault === takenAddress && index === 1 && answersTaken.includes(key);
      const tryPoints = async (own: readonly Point[]) => {
        const faulty = await faultyEndpoint();
        const client = new TestClient({
          DATABASE_HTTP_ENDPOINT: faulty.endpoint,
          // What passes has to be in time as well, beside all the others.
          DATABASE_TIMEOUT_MS: fault === 'hang' ? '700' : '5000',
          // A password that is checked before the failure has spent its attempt.
          LOGIN_ATTEMPTS_MAX: '100',
        });
        for (const point of own) {
          const { key, index, by } = point;
          const context = `${key}, statement ${index + 1}, ${by}`;
          await faulty.plan([...Array<Fault>(index).fill('pass'), fault, fault]);
          const answer = await client.call(...exampleCall(key, account, by));
          if (isTaken(point)) expectProblem(answer, 400, 'token_invalid', context);
          else expectProblem(answer, code === 'internal_error' ? 500 : 503, code, context);
          expect(JSON.stringify([...answer.headers]), context).not.toMatch(innards);
          expect(answer.setCookies, context).toEqual([]);
          expect(await faulty.seen(), context).toHaveLength(index + attempts);
          expect(answer.roundTrips, context).toBe(index + attempts);
        }
      };
      await Promise.all(
        Array.from({ length: lanes }, (_, lane) => tryPoints(points.filter((_, n) => n % lanes === lane))),
      );
      expect(lines).toHaveLength(points.filter((point) => !isTaken(point)).length);
      expect(lines.join()).not.toContain('canary@example.com');
      expect(lines.join()).not.toContain('neon.tech');
    },
    60_000,
  );

  test('a refusal, the log tells the SQLSTATE and the constraint', async () => {
    const lines = recordLog();
    const { endpoint } = await faultyEndpoint({ always: refusal('23505') });
    await new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint }).get('/api/auth/me', {
      bearer: account.accessToken,
    });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      event: 'internal_error',
      cause: { name: 'DatabaseError', code: '23505', constraint: 'users_email_lower_key' },
    });
  });
});
