import type { Backend, Connection } from '../neon-local/backend.ts';
import { startBenchPostgres } from './bench-database.ts';
import { bundleWorker } from './bundle.ts';
import { type FlowContext, type FlowName, flows, newAccount, runFlow, settle } from './flows.ts';
import { HttpClient } from './http-client.ts';
import { startMailSink } from './mail-sink.ts';
import type { Report, Row } from './report.ts';
import { createServiceVars } from './service-vars.ts';
import { startWorker } from './workerd.ts';

/** How far away the database is made, per statement. */
const distanceMs = 1;

/** What one request of the service to the database did. */
interface Visit {
  statements: number;
  characters: number;
  /** When it took its first lock; null while it has none. */
  lockedAt: number | null;
  underLockMs: number;
}

/**
 * Statements and time under lock per flow, with the database 1 ms away: as much as a transaction holds others up. Each
 * flow runs once for an account that it suits.
 */
export async function measureLocks(): Promise<Report> {
  const visits: Visit[] = [];
  const { databases, close } = await startBenchPostgres(['locks'], (backend) => distant(backend, visits));
  const [database] = databases;
  if (database === undefined) throw new Error('no database');
  const sink = await startMailSink();
  try {
    const vars = {
      ...(await createServiceVars(database)),
      ...{ MAIL_TRANSPORT: 'http', MAIL_HTTP_URL: sink.url, LOGIN_ATTEMPTS_MAX: '2' },
    };
    const worker = await startWorker({ ...(await bundleWorker()), vars });
    const client = new HttpClient(worker.url, 1);
    const rows: Row[] = [];
    let last: Row | undefined;
    const context: FlowContext = {
      ...{ client, sink, cronSecret: vars.CRON_SECRET, adminSecret: vars.ADMIN_SECRET },
      onResponse: (flow, { status }) => {
        last = rowOf(`${flow} (${status})`, visits.splice(0));
      },
    };
    try {
      for (const name of Object.keys(flows) as FlowName[]) {
        const account = newAccount();
        await prepare(name, context, account);
        await settle();
        visits.length = 0;
        last = undefined;
        await runFlow(name, context, account);
        if (last !== undefined) rows.push(last);
        await settle();
      }
    } finally {
      client.close();
      await worker.stop();
    }
    return {
      notes: ['a round trip is one statement or one batch; under lock is from its first lock to its commit.'],
      columns: ['flow', 'round trips', 'statements', 'characters', 'under lock'],
      rows,
    };
  } finally {
    sink.close();
    await close();
  }
}

/** Brings an account to where the flow does its work. */
async function prepare(
  name: FlowName,
  context: FlowContext,
  account: ReturnType<typeof newAccount>,
): Promise<void> {
  if (name === 'register') return;
  await runFlow('register', context, account);
  await settle();
  const before: Partial<Record<FlowName, readonly FlowName[]>> = {
    reset: ['forgot'],
    'revert the change': ['verify by session', 'change address'],
    'not me': ['login'],
    unlock: ['login, wrong password', 'login, wrong password', 'login, wrong password'],
  };
  for (const step of before[name] ?? []) {
    await runFlow(step, context, account);
    await settle();
  }
}

function rowOf(flow: string, visits: readonly Visit[]): Row {
  const each = (text: (visit: Visit) => string) => visits.map(text).join(' + ');
  return {
    cells: [
      flow,
      String(visits.length),
      each(({ statements }) => String(statements)),
      each(({ characters }) => String(characters)),
      each(({ lockedAt, underLockMs }) => (lockedAt === null ? '-' : `${underLockMs.toFixed(1)} ms`)),
    ],
    verdict: undefined,
  };
}

/** The same server, farther away, which notes what every visit does. */
function distant(backend: Backend, visits: Visit[]): Backend {
  return {
    ...backend,
    run: (database, work) =>
      backend.run(database, async (connection) => {
        const visit: Visit = { statements: 0, characters: 0, lockedAt: null, underLockMs: 0 };
        visits.push(visit);
        const noted: Connection = {
          execute: async (text, params) => {
            await new Promise((resolve) => setTimeout(resolve, distanceMs));
            const startedAt = performance.now();
            const result = await connection.execute(text, params);
            note(visit, text, startedAt);
            return result;
          },
          isInTransaction: () => connection.isInTransaction(),
        };
        return work(noted);
      }),
  };
}

function note(visit: Visit, text: string, startedAt: number): void {
  const isFrame = /^\s*(BEGIN|COMMIT|SET|ROLLBACK)\b/i.test(text);
  if (!isFrame) {
    visit.statements += 1;
    visit.characters += text.replace(/\s+/g, ' ').length;
    if (/\bFOR (NO KEY )?UPDATE|\bFOR (KEY )?SHARE|INSERT|UPDATE |DELETE|advisory/.test(text))
      visit.lockedAt ??= startedAt;
  }
  if (visit.lockedAt !== null) visit.underLockMs = performance.now() - visit.lockedAt;
}
