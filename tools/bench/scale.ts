import { fillLargeTables } from '../large-tables.ts';
import { type ServedDatabase, startBenchPostgres } from './bench-database.ts';
import { bundleWorker } from './bundle.ts';
import { type BenchRequest, HttpClient } from './http-client.ts';
import { judge, type Report, type Row, type SectionOptions } from './report.ts';
import { createServiceVars } from './service-vars.ts';
import { median } from './stats.ts';
import { startWorker } from './workerd.ts';

const budget = 1.3;
const rounds = 5;
const accountsCount = 20;
const password = 'correct horse battery staple';

/** A signed-in account of one of the services. */
interface Account {
  readonly email: string;
  readonly accessToken: string;
  /** The token of the last refresh. */
  refreshToken: string;
}

/** The service on one database. */
interface Place {
  readonly database: ServedDatabase;
  readonly client: HttpClient;
  readonly accounts: readonly Account[];
}

/** A measured request for an account. */
interface Subject {
  readonly name: string;
  readonly perRound: number;
  readonly requestOf: (account: Account) => BenchRequest;
}

const subjects: readonly Subject[] = [
  {
    name: 'GET /me',
    perRound: 400,
    requestOf: ({ accessToken }) => ({
      method: 'GET',
      path: '/api/auth/me',
      headers: { authorization: `Bearer ${accessToken}` },
    }),
  },
  {
    name: 'POST /refresh',
    perRound: 400,
    requestOf: ({ refreshToken }) => ({
      method: 'POST',
      path: '/api/auth/refresh',
      body: { refreshToken },
    }),
  },
  {
    name: 'POST /login',
    perRound: 80,
    requestOf: ({ email }) => ({ method: 'POST', path: '/api/auth/login', body: { email, password } }),
  },
];

/** Measures whether requests take longer when the tables are large. */
export async function measureScale({ isQuick }: SectionOptions): Promise<Report> {
  const closers: (() => Promise<void>)[] = [];
  try {
    const postgres = await startBenchPostgres(['small', 'large']);
    closers.push(postgres.close);
    const places: Place[] = [];
    for (const database of postgres.databases) {
      const place = await openPlace(database);
      closers.push(place.close);
      places.push(place);
    }
    const [small, large] = places;
    if (small === undefined || large === undefined) throw new Error('two databases are needed');
    await fillLargeTables((statement) => large.database.runner.query(statement));
    const rows: Row[] = [];
    for (const subject of subjects) rows.push(await compare(subject, small, large, isQuick));
    return { notes, columns: ['request', 'small', 'large', 'ratio', 'by round', 'budget'], rows };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

const notes = [
  `Small: ${accountsCount} users. Large: in addition 200,000 users, 500,000 sessions and 200,000 events. One real PostgreSQL server.`,
  `Latency at the client, one request at a time, the databases taking turns request by request; medians of ${rounds} rounds.`,
  'Every refresh rotates: the service runs without a grace.',
];

async function openPlace(database: ServedDatabase): Promise<Place & { close(): Promise<void> }> {
  const vars = { ...(await createServiceVars(database)), REFRESH_GRACE_SECONDS: '0' };
  const worker = await startWorker({ ...(await bundleWorker()), vars });
  const client = new HttpClient(worker.url, 1);
  const close = async () => {
    client.close();
    await worker.stop();
  };
  try {
    const accounts: Account[] = [];
    while (accounts.length < accountsCount) accounts.push(await register(client, accounts.length));
    return { database, client, accounts, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function register(client: HttpClient, index: number): Promise<Account> {
  const email = `bench-${index}@example.com`;
  const body = { email, name: 'Bench', password, confirmPassword: password };
  const { status, text } = await client.send({ method: 'POST', path: '/api/auth/register', body });
  if (status !== 201) throw new Error(`the account was not created: ${status} ${text}`);
  return { email, ...(JSON.parse(text) as Pick<Account, 'accessToken' | 'refreshToken'>) };
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

async function measureOne({ name, requestOf }: Subject, place: Place, index: number): Promise<number> {
  const account = place.accounts[index % accountsCount];
  if (account === undefined) throw new Error('there is no such account');
  const { status, text, tookMs } = await place.client.send(requestOf(account));
  if (status !== 200) throw new Error(`${name} answered ${status}: ${text}`);
  if (name === 'POST /refresh') {
    account.refreshToken = (JSON.parse(text) as { refreshToken: string }).refreshToken;
  }
  return tookMs;
}
