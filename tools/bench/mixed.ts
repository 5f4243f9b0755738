import type { StatementRunner } from '../../src/db/migrations.ts';
import { sql } from '../../src/db/sql.ts';
import { roundTripsOf } from './account-requests.ts';
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
import type { BenchResponse } from './http-client.ts';
import { startMailSink } from './mail-sink.ts';
import type { Report, Row, SectionOptions } from './report.ts';

const people = 12;
const accountsAtOnce = 6;
/** After so many flows an account is left alone, and another one takes its place. */
const flowsPerAccount = 60;
const runMs = { full: 600_000, quick: 20_000 };

/** What most people do most of the time, and everything else now and then. */
const weights: Partial<Record<FlowName, number>> = { me: 8, refresh: 8, login: 8, sessions: 3, forgot: 3 };

interface Tally {
  readonly statuses: Map<number, number>;
  roundTripsMax: number;
  readonly takenMs: number[];
}

/**
 * Ten minutes of everything at once on a real PostgreSQL: several people use the same few accounts, so that flows meet in
 * every order. There must be no deadlock and no answer of 5xx.
 */
export async function measureMixed({ isQuick }: SectionOptions): Promise<Report> {
  await using postgres = await startBenchPostgres();
  const database = await postgres.create('mixed');
  await using sink = await startMailSink();
  const vars = { ...sink.vars, LOGIN_ATTEMPTS_MAX: '20', LOGIN_WINDOW_SECONDS: '30' };
  await using service = await startService(database, { vars, connections: people });
  const tallies = new Map<string, Tally>();
  const context: FlowContext = {
    ...{ service, sink },
    onResponse: (flow, response) => count(tallies, flow, response),
  };
  const endsAt = Date.now() + (isQuick ? runMs.quick : runMs.full);
  const accounts = Array.from({ length: accountsAtOnce }, newAccount);
  for (const account of accounts) await runFlow('register', context, account);
  await Promise.all(Array.from({ length: people }, () => live(context, accounts, endsAt)));
  await settle();
  return describe(tallies, await countDeadlocks(database.runner), sink.count());
}

async function live(context: FlowContext, accounts: BenchAccount[], endsAt: number): Promise<void> {
  const names = (Object.keys(flows) as FlowName[]).flatMap((name) =>
    name === 'register' ? [] : Array<FlowName>(weights[name] ?? 1).fill(name),
  );
  const used = new WeakMap<BenchAccount, number>();
  while (Date.now() < endsAt) {
    const place = Math.floor(Math.random() * accounts.length);
    let account = accounts[place] ?? newAccount();
    const name = names[Math.floor(Math.random() * names.length)] ?? 'me';
    await runFlow(name, context, account);
    // Nobody would get any further.
    if (name === 'ban') await runFlow('unban', context, account);
    const uses = (used.get(account) ?? 0) + 1;
    used.set(account, uses);
    if (name !== 'delete the account' && uses < flowsPerAccount) continue;
    account = newAccount();
    await runFlow('register', context, account);
    accounts[place] = account;
  }
}

function count(tallies: Map<string, Tally>, flow: string, response: BenchResponse): void {
  const { status, tookMs } = response;
  const tally: Tally = tallies.get(flow) ?? { statuses: new Map(), roundTripsMax: 0, takenMs: [] };
  tallies.set(flow, tally);
  tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
  tally.roundTripsMax = Math.max(tally.roundTripsMax, Number(roundTripsOf(response) ?? 0));
  tally.takenMs.push(tookMs);
}

/** What the server itself counts; it tells a moment later. */
async function countDeadlocks(runner: StatementRunner): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const [row] = await runner.query<{ deadlocks: number }>(
    sql`SELECT sum(d.deadlocks)::int AS deadlocks FROM pg_stat_database d WHERE d.datname = current_database()`,
  );
  return row?.deadlocks ?? -1;
}

function describe(tallies: ReadonlyMap<string, Tally>, deadlocks: number, mails: number): Report {
  const rows: Row[] = [...tallies]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([flow, { statuses, roundTripsMax, takenMs }]) => {
      const answers = [...statuses].toSorted(([a], [b]) => a - b);
      return {
        cells: [
          flow,
          answers.map(([status, times]) => `${times} x ${status}`).join(', '),
          String(roundTripsMax),
          `${Math.max(...takenMs).toFixed(0)} ms`,
        ],
        verdict: answers.some(([status]) => status >= 500) ? 'over' : 'ok',
      };
    });
  return {
    notes: [`${people} people at once on ${accountsAtOnce} accounts; ${mails} mails were handed over.`],
    columns: ['flow', 'answers', 'round trips, most', 'slowest'],
    rows: [
      ...rows,
      { cells: ['deadlocks', String(deadlocks), '', ''], verdict: deadlocks === 0 ? 'ok' : 'over' },
    ],
  };
}
