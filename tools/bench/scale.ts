import { fillLargeTables } from '../large-tables.ts';
import { accountRequests, registerAccount, type SignedIn } from './account-requests.ts';
import { type ServedDatabase, startBenchPostgres } from './bench-database.ts';
import { type BenchServer, startService } from './bench-service.ts';
import type { BenchRequest } from './http-client.ts';
import { judge, type Report, type Row, type SectionOptions } from './report.ts';
import { median } from './stats.ts';

const budget = 1.3;
const rounds = 5;
const accountsCount = 20;

/** The service on one database. */
interface Place extends BenchServer {
  /** Each with the token of the last refresh. */
  readonly accounts: SignedIn[];
}

/** A measured request for an account. */
interface Subject {
  readonly name: string;
  readonly perRound: number;
  readonly requestOf: (account: SignedIn) => BenchRequest;
}

const subjects: readonly Subject[] = [
  { name: 'GET /me', perRound: 400, requestOf: accountRequests.me },
  { name: 'POST /refresh', perRound: 400, requestOf: accountRequests.refresh },
  { name: 'POST /login', perRound: 80, requestOf: accountRequests.login },
];

/** Measures whether requests take longer when the tables are large. */
export async function measureScale({ isQuick }: SectionOptions): Promise<Report> {
  await using postgres = await startBenchPostgres();
  await using small = await openPlace(await postgres.create('small'));
  const database = await postgres.create('large');
  await using large = await openPlace(database);
  await fillLargeTables((statement) => database.runner.query(statement));
  const rows: Row[] = [];
  for (const subject of subjects) rows.push(await compare(subject, small, large, isQuick));
  return { notes, columns: ['request', 'small', 'large', 'ratio', 'by round', 'budget'], rows };
}

const notes = [
  `Small: ${accountsCount} users. Large: in addition 200,000 users, 500,000 sessions and 200,000 events. One real PostgreSQL server.`,
  `Latency at the client, one request at a time, the databases taking turns request by request; medians of ${rounds} rounds.`,
  'Every refresh rotates: the service runs without a grace. A login comes from a known device.',
];

async function openPlace(database: ServedDatabase): Promise<Place> {
  const service = await startService(database, { vars: { REFRESH_GRACE_SECONDS: '0' } });
  const accounts: SignedIn[] = [];
  while (accounts.length < accountsCount)
    accounts.push(await registerAccount(service.client, `bench-${accounts.length}@example.com`));
  return { ...service, accounts };
}

async function compare(subject: Subject, small: Place, large: Place, isQuick: boolean): Promise<Row> {
  const perRound = isQuick ? subject.perRound / 10 : subject.perRound;
  const medians: { readonly small: number; readonly large: number }[] = [];
  // The first round only warms up.
  for (let round = 0; round <= rounds; round++) {
    const times = { small: [] as number[], large: [] as number[] };
    for (let index = 0; index < perRound; index++) {
      times.small.push(await measureOne(subject, small, index));
      times.large.push(await measureOne(subject, large, index));
    }
    if (round > 0) medians.push({ small: median(times.small), large: median(times.large) });
  }
  const ratios = medians.map((round) => round.large / round.small);
  const inMs = (values: readonly number[]) => `${median(values).toFixed(2)} ms`;
  const cells = [
    subject.name,
    inMs(medians.map((round) => round.small)),
    inMs(medians.map((round) => round.large)),
    median(ratios).toFixed(2),
    ratios.map((ratio) => ratio.toFixed(2)).join(' '),
    budget.toFixed(2),
  ];
  return { cells, verdict: judge(median(ratios), budget) };
}

async function measureOne(
  { requestOf }: Subject,
  { client, accounts }: Place,
  index: number,
): Promise<number> {
  const account = accounts[index % accountsCount];
  if (account === undefined) throw new Error('there is no such account');
  const { text, tookMs } = await client.repeat(requestOf(account), 1);
  if (requestOf === accountRequests.refresh) {
    accounts[index % accountsCount] = { ...account, ...(JSON.parse(text) as Partial<SignedIn>) };
  }
  return tookMs;
}
