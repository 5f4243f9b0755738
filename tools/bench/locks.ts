import type { Backend, Connection } from '../neon-local/backend.ts';
import { startBenchPostgres } from './bench-database.ts';
import { startService } from './bench-service.ts';
import {
  type BenchAccount,
  type FlowContext,
  type FlowName,
  flows,
  newAccount,
  runFlow,
  settle,
} from './flows.ts';
import { startMailSink } from './mail-sink.ts';
import type { Report, Row } from './report.ts';

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
  await using postgres = await startBenchPostgres((backend) => distant(backend, visits));
  await using sink = await startMailSink();
  const vars = { ...sink.vars, LOGIN_ATTEMPTS_MAX: '2' };
  await using service = await startService(await postgres.create('locks'), { vars });
  const rows: Row[] = [];
  const context: FlowContext = {
    ...{ service, sink },
    onResponse: (flow, { status }) => rows.push(rowOf(`${flow} (${status})`, visits.splice(0))),
  };
  for (const name of Object.keys(flows) as FlowName[]) {
    const account = newAccount();
    const rowsBefore = rows.length;
    await prepare(name, context, account);
    await settle();
    rows.length = rowsBefore;
    visits.length = 0;
    await runFlow(name, context, account);
    await settle();
  }
  return {
    notes: ['a round trip is one statement or one batch; under lock is from its first lock to its commit.'],
    columns: ['flow', 'round trips', 'statements', 'characters', 'under lock'],
    rows,
  };
}

const change = ['verify by session', 'change address'] as const;
const wrong = 'login, wrong password';

/** What comes before a flow, besides the registration. */
const preparations: Partial<Record<FlowName, readonly FlowName[]>> = {
  reset: ['forgot'],
  'confirm the change': change,
  'revert the change': [...change, 'confirm the change'],
  'not me': ['login'],
  unlock: [wrong, wrong, wrong],
};

/** Brings an account to where the flow does its work. */
async function prepare(name: FlowName, context: FlowContext, account: BenchAccount): Promise<void> {
  if (name === 'register') return;
  for (const step of ['register', ...(preparations[name] ?? [])] as const) {
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
