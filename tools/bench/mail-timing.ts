import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { StatementRunner } from '../../src/db/migrations.ts';
import { sql } from '../../src/db/sql.ts';
import { startBenchDatabase } from './bench-database.ts';
import { bundleWorker } from './bundle.ts';
import { columns, compareTimes, sizeOf, type TimedClass } from './compare-times.ts';
import { HttpClient } from './http-client.ts';
import type { Report, SectionOptions } from './report.ts';
import { createServiceVars } from './service-vars.ts';
import { startWorker } from './workerd.ts';

const accountsPerKind = 250;
const password = 'a heron over the still canal';
const kinds = ['verified', 'unverified', 'passwordless', 'banned'] as const;

/**
 * Measures whether the time of an answer that is the same for everybody reveals which addresses have an account: of
 * forgot and resend (ENU-05) and of a registration that requires verification (ENU-04). The mails go to a server that
 * does nothing else.
 */
export async function measureMailTiming({ isQuick }: SectionOptions): Promise<Report> {
  const size = sizeOf(isQuick);
  const database = await startBenchDatabase();
  const mailServer = createServer((incoming, answer) => {
    incoming.resume();
    incoming.on('end', () => answer.end());
  });
  try {
    const vars = {
      ...(await createServiceVars(database)),
      EMAIL_VERIFICATION: 'required',
      MAIL_TRANSPORT: 'http',
      MAIL_HTTP_URL: await listen(mailServer),
    };
    const worker = await startWorker({ ...(await bundleWorker()), vars });
    const client = new HttpClient(worker.url, 1);
    try {
      await seedAccounts(database.runner);
      return {
        notes: [
          `${size.samples} requests per class and run after ${size.warmUps} warm-ups, one at a time, classes in random order; 3 runs.`,
          'ok: AUC against the first of its kind within 0.5 +- 0.1, medians at most max(5 ms, 10 %) apart and 202 alone, in 2 of 3 runs.',
        ],
        columns: ['request', ...columns],
        rows: await compareTimes(classes(), client, size),
      };
    } finally {
      client.close();
      await worker.stop();
    }
  } finally {
    mailServer.close();
    await database.close();
  }
}

/** Starts the server on a free port of this machine. */
async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
}

function classes(): TimedClass[] {
  const owners = [...kinds, 'unknown'] as const;
  const alike = (route: string, reference: string) => ({
    status: 202,
    reference: `${route}, ${reference}`,
    isJudged: true,
  });
  return [
    ...[...owners, 'left'].map((owner) => ({
      ...alike('forgot', 'verified'),
      name: `forgot, ${owner}`,
      request: post('/api/auth/password/forgot', (attempt) => ({ email: emailOf(owner, attempt) })),
    })),
    ...owners.map((owner) => ({
      ...alike('resend', 'verified'),
      name: `resend, ${owner}`,
      request: post('/api/auth/email/resend', (attempt) => ({ email: emailOf(owner, attempt) })),
    })),
    ...owners.map((owner) => ({
      ...alike('register', 'verified'),
      name: `register, ${owner}`,
      request: post('/api/auth/register', (attempt) => ({
        email: emailOf(`signing-up-${owner}`, attempt),
        name: 'Bench',
        password,
        confirmPassword: password,
      })),
    })),
  ];
}

/** A different account each time, so that no limit on mails is reached before all had their turn. */
function emailOf(owner: string, attempt: number): string {
  return `${owner}-${attempt % accountsPerKind}@example.com`;
}

function post(path: string, bodyOf: (attempt: number) => object): TimedClass['request'] {
  return (attempt) => ({ method: 'POST', path, body: bodyOf(attempt) });
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
