import { type BenchServers, startBenchServers } from './bench-servers.ts';
import { type Cost, cpuPerRequest, type Plan, type Subject } from './cpu-per-request.ts';
import { canMeasureCpu } from './cpu-time.ts';
import { judge, type Report, type Row, type SectionOptions } from './report.ts';
import { median } from './stats.ts';

const connections = 16;
const turns = 10;
const account = { email: 'bench@example.com', password: 'correct horse battery staple' };

/** Requests that are compared with the first of them. */
interface Comparison {
  readonly subjects: readonly Subject[];
  readonly requestsPerTurn: number;
  /** The largest ratio. */
  readonly budget: number;
}

/** Measures the CPU of each request in relation to the least that it could take, and its database round trips. */
export async function measureRequests({ isQuick }: SectionOptions): Promise<Report> {
  const columns = ['request', 'CPU', 'ratio', 'by round', 'budget', 'round trips'];
  if (!(await canMeasureCpu())) {
    return { notes: [], columns, rows: [{ cells: ['every request'], verdict: 'unsupported' }] };
  }
  const servers = await startBenchServers(connections);
  try {
    const tokens = await register(servers);
    const rows: Row[] = [];
    for (const { subjects, requestsPerTurn, budget } of [
      compareRoutes(servers, tokens),
      compareLogin(servers),
    ]) {
      const plan: Plan = { rounds: 3, turns: isQuick ? turns / 10 : turns, requestsPerTurn };
      rows.push(...toRows(await cpuPerRequest(subjects, plan), budget));
    }
    return { notes, columns, rows };
  } finally {
    await servers.close();
  }
}

const notes = [
  'CPU of workerd per request: median of 3 rounds, the requests taking turns; the ratio is the median of the rounds.',
  'The database answers each statement as PostgreSQL did the first time, so that it costs the same for all.',
];

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

async function register({ service }: BenchServers): Promise<Tokens> {
  const body = { ...account, confirmPassword: account.password, name: 'Bench' };
  const { status, text } = await service.client.send({ method: 'POST', path: '/api/auth/register', body });
  if (status !== 201) throw new Error(`the account was not created: ${status} ${text}`);
  return JSON.parse(text) as Tokens;
}

function compareRoutes({ service, bare }: BenchServers, { accessToken, refreshToken }: Tokens): Comparison {
  const headers = { authorization: `Bearer ${accessToken}` };
  const body = { refreshToken };
  const logout = { method: 'POST', path: '/api/auth/logout' } as const;
  return {
    subjects: [
      { name: 'bare: ES256 token, one SELECT', ...bare, request: { method: 'GET', path: '/me', headers } },
      { name: 'GET /me', ...service, request: { method: 'GET', path: '/api/auth/me', headers } },
      { name: 'POST /refresh', ...service, request: { method: 'POST', path: '/api/auth/refresh', body } },
      { name: 'POST /logout, refresh token', ...service, request: { ...logout, body } },
      { name: 'POST /logout, bearer', ...service, request: { ...logout, headers } },
    ],
    requestsPerTurn: 300,
    budget: 1.25,
  };
}

function compareLogin({ service, bare }: BenchServers): Comparison {
  return {
    subjects: [
      { name: 'bare: one Argon2id hash', ...bare, request: { method: 'POST', path: '/hash' } },
      {
        name: 'POST /login',
        ...service,
        request: { method: 'POST', path: '/api/auth/login', body: account },
      },
    ],
    requestsPerTurn: 8,
    budget: 1.1,
  };
}

function toRows(costs: readonly Cost[], budget: number): Row[] {
  const [bare] = costs;
  return costs.map(({ name, msByRound, roundTrips }) => {
    const ms = `${median(msByRound).toFixed(3)} ms`;
    if (bare === undefined || name === bare.name)
      return { cells: [name, ms, '', '', '', ''], verdict: undefined };
    const ratios = msByRound.map((own, round) => own / (bare.msByRound[round] ?? Number.NaN));
    const ratio = median(ratios);
    const byRound = ratios.map((value) => value.toFixed(2)).join(' ');
    const cells = [name, ms, ratio.toFixed(2), byRound, budget.toFixed(2), roundTrips ?? ''];
    return { cells, verdict: judge(ratio, budget) };
  });
}
