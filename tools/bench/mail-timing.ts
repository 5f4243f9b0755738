import type { StatementRunner } from '../../src/db/migrations.ts';
import { sql } from '../../src/db/sql.ts';
import { password } from './account-requests.ts';
import { startBenchDatabase } from './bench-database.ts';
import { startService } from './bench-service.ts';
import { accountsPerKind, compareTimes, emailFor, type TimedClass } from './compare-times.ts';
import { startMailSink } from './mail-sink.ts';
import type { Report, SectionOptions } from './report.ts';

const kinds = ['verified', 'unverified', 'passwordless', 'banned'] as const;

/**
 * Measures whether the time of an answer that is the same for everybody reveals which addresses have an account: of
 * forgot and resend (ENU-05) and of a registration that requires verification (ENU-04).
 */
export async function measureMailTiming(options: SectionOptions): Promise<Report> {
  await using database = await startBenchDatabase();
  await using sink = await startMailSink();
  const vars = { ...sink.vars, EMAIL_VERIFICATION: 'required' };
  await using service = await startService(database, { vars });
  await seedAccounts(database.runner);
  const registration = { name: 'Bench', password, confirmPassword: password };
  // Awaited here, since what this function uses ends with it.
  return await compareTimes(
    [
      ...classesOf('forgot', 'password/forgot', [...kinds, 'unknown', 'left']),
      ...classesOf('resend', 'email/resend', [...kinds, 'unknown']),
      ...classesOf('register', 'register', [...kinds, 'unknown'], registration),
    ],
    service.client,
    options,
  );
}

/** What is registered is other accounts than those which ask for mails. */
function classesOf(name: string, route: string, owners: readonly string[], rest?: object): TimedClass[] {
  const prefix = rest === undefined ? '' : 'signing-up-';
  const path = `/api/auth/${route}`;
  return owners.map((owner) => ({
    ...{ name: `${name}, ${owner}`, reference: `${name}, verified`, status: 202, isJudged: true },
    request: (attempt) => ({
      ...{ method: 'POST', path, body: { email: emailFor(prefix + owner, attempt), ...rest } },
    }),
  }));
}

async function seedAccounts(database: StatementRunner): Promise<void> {
  await database.query(sql`
    INSERT INTO users (email, name, password_hash, email_verified_at, banned_at)
    SELECT p || k || '-' || n || '@example.com', 'Bench', CASE WHEN k <> 'passwordless' THEN 'x' END,
      CASE WHEN k IN ('verified', 'passwordless') THEN now() END, CASE WHEN k = 'banned' THEN now() END
    FROM generate_series(0, ${accountsPerKind - 1}::int) n, unnest(${kinds}::text[]) AS k,
      unnest(ARRAY['', 'signing-up-']) AS p`);
  // Addresses that accounts have left and can still have restored.
  await database.query(sql`
    INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, expires_at)
    SELECT sha256(u.id::text::bytea), 'revert_email', u.id, t.email, t.email, now() + interval '7 days'
    FROM users u, LATERAL (SELECT replace(u.email, 'verified-', 'left-') AS email) t WHERE u.email LIKE 'verified-%'`);
  await database.query(sql`ANALYZE users, one_time_tokens`);
}
