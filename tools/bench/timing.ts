import { hashSync } from 'bcryptjs';
import { addressOf } from '../../src/address/address-key.ts';
import { createKeyring } from '../../src/crypto/keyring.ts';
import type { StatementRunner } from '../../src/db/migrations.ts';
import { sql } from '../../src/db/sql.ts';
import { registerAccount } from './account-requests.ts';
import { startBenchDatabase } from './bench-database.ts';
import { startService } from './bench-service.ts';
import { accountsPerKind, compareTimes, emailFor, type TimedClass } from './compare-times.ts';
import type { Report, SectionOptions } from './report.ts';
import { attemptsMax } from './service-vars.ts';

/** The cost that the legacy system used. */
const legacyCost = 10;

// Lengths at which software cuts or refuses: beyond bcrypt's 72 bytes, column widths, limits in characters.
const overLong = {
  '73 bytes': 'x'.repeat(73),
  '200 bytes': 'x'.repeat(200),
  '300 code points': '🔑'.repeat(300),
};

/**
 * Measures whether the time of a failed login reveals which accounts exist (ENU-02, ENU-03, ENU-06). Legacy bcrypt takes
 * a time of its own, which is not judged; such hashes are replaced at the next login (HSH-11).
 */
export async function measureTiming(options: SectionOptions): Promise<Report> {
  await using database = await startBenchDatabase();
  await using service = await startService(database);
  await registerAccount(service.client);
  await seedAccounts(database.runner, service.vars.AUTH_SECRET);
  // Awaited here, since what this function uses ends with it.
  return await compareTimes(classes, service.client, options);
}

function login(kind: string, password = 'not the right password'): TimedClass['request'] {
  const path = '/api/auth/login';
  return (attempt) => ({ method: 'POST', path, body: { email: emailFor(kind, attempt), password } });
}

const checked = { status: 401, reference: 'known', isJudged: true } as const;
const locked = { status: 429, reference: 'locked, known', isJudged: true } as const;

/** Failing logins: attempts that are checked, and attempts beyond the limit. */
const classes: readonly TimedClass[] = [
  { ...checked, name: 'known', request: login('known') },
  { ...checked, name: 'unknown', request: login('unknown') },
  { ...checked, name: 'no password', request: login('passwordless') },
  ...Object.entries(overLong).flatMap(([length, password]) => [
    { ...checked, name: `known, ${length}`, request: login('known', password) },
    { ...checked, name: `unknown, ${length}`, request: login('unknown', password) },
  ]),
  { ...checked, name: 'legacy bcrypt', request: login('legacy'), isJudged: false },
  { ...locked, name: 'locked, known', request: login('locked-known') },
  { ...locked, name: 'locked, unknown', request: login('locked-unknown') },
];

/**
 * Copies the hash of the only existing account to all known ones, so that it is what the service makes today, and
 * uses up the attempts of the locked ones.
 * @param authSecret AUTH_SECRET of the service, base64: attempts at unknown addresses are counted under an HMAC
 */
async function seedAccounts(database: StatementRunner, authSecret: string): Promise<void> {
  const legacyHash = hashSync('the right password', legacyCost);
  await database.query(sql`
    INSERT INTO users (email, name, password_hash)
    SELECT k.account || '-' || n || '@example.com', 'Bench', k.hash
    FROM generate_series(0, ${accountsPerKind - 1}::int) n,
      (SELECT 'known', password_hash FROM users
        UNION ALL SELECT 'locked-known', password_hash FROM users
        UNION ALL SELECT 'passwordless', NULL
        UNION ALL SELECT 'legacy', ${legacyHash}::text) AS k(account, hash)`);
  const keyring = createKeyring(Buffer.from(authSecret, 'base64'));
  const subjects = Array.from({ length: accountsPerKind }, (_, n) =>
    ['locked-known', 'locked-unknown'].map((kind) => addressOf(keyring, emailFor(kind, n)).keys[0]),
  );
  await database.query(sql`
    INSERT INTO login_attempts (bucket, count, last_attempt_id, window_ends_at)
    SELECT s.subject || ':world', ${attemptsMax}::int, gen_random_uuid(), now() + interval '1 day'
    FROM unnest(${subjects.flat()}::text[]) AS s (subject)`);
  // Otherwise the planner may change its mind in the middle of the run.
  await database.query(sql`ANALYZE users, login_attempts`);
}
