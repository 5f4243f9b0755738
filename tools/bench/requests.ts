import { accountRequests, bearer, registerAccount, type Tokens } from './account-requests.ts';
import { type BenchServers, startBenchServers } from './bench-servers.ts';
import { type Cost, cpuPerRequest, type Plan, type Subject } from './cpu-per-request.ts';
import { canMeasureCpu } from './cpu-time.ts';
import type { BenchRequest } from './http-client.ts';
import { judge, type Report, type Row, type SectionOptions } from './report.ts';
import { signLikeTokens } from './sign-tokens.ts';
import { median } from './stats.ts';

const connections = 16;
const warmUpTurns = 15;
const rounds = 3;
const turns = 10;
const requestsPerTurn = 300;
const hashesPerTurn = 8;

/** A request to the service, and one to the bare Worker that does the same cryptography and asks the database for as much. */
interface Pair {
  readonly name: string;
  readonly own: Subject['request'];
  readonly floor: Subject['request'];
  /** What the budget is over: a bare route that verifies a token and reads a row, one that signs a token too, or the floor. */
  readonly basis: Basis | 'floor';
  /** The largest ratio over the basis. */
  readonly budget: number;
}

type Basis = 'read' | 'read and sign';

/** Measures the CPU of each request in relation to the least that it could take, and its database round trips. */
export async function measureRequests({ isQuick }: SectionOptions): Promise<Report> {
  const columns = [
    ...['request', 'CPU', 'its floor', 'ratio', 'basis', 'CPU', 'ratio', 'by round', 'budget', 'round trips'],
  ];
  if (!(await canMeasureCpu())) {
    return { notes: [], columns, rows: [{ cells: ['every request'], verdict: 'unsupported' }] };
  }
  const plan = { rounds, ...(isQuick ? { warmUpTurns: 1, turns: 1 } : { warmUpTurns, turns }) };
  const servers = await startBenchServers(connections);
  try {
    const tokens = await signInForLong(servers.service);
    const hot = await pairHotRoutes(
      tokens,
      servers,
      (plan.warmUpTurns + plan.rounds * plan.turns) * requestsPerTurn,
    );
    const rows = [
      ...(await comparePairs(hot, tokens, servers, { ...plan, requestsPerTurn })),
      ...(await comparePairs([pairLogin(tokens)], tokens, servers, {
        ...plan,
        requestsPerTurn: hashesPerTurn,
      })),
    ];
    return { notes, columns, rows };
  } finally {
    await servers.close();
  }
}

const notes = [
  'CPU of workerd per request, in turns; a ratio is the median of 3 rounds, each the median of its turns.',
  'The floor is a bare Hono route with the same libraries: the same cryptography, statements and members of the answer.',
  'The basis of a budget is the bare route that verifies an ES256 token and reads a row; for a refresh it signs one too.',
  'A new token is one that the isolate has not seen; a logout never remembers its token.',
  'The database answers each statement as PostgreSQL did the first time, so that it costs the same for all.',
];

/** The hot routes. The database runs the statements of each once, the logout last. */
async function pairHotRoutes(
  { accessToken, refreshToken }: Tokens,
  servers: BenchServers,
  requestsCount: number,
): Promise<readonly Pair[]> {
  const [logoutToken = '', ...newTokens] = await signLikeTokens(
    accessToken,
    servers.signingKeys,
    1 + requestsCount,
  );
  const { me, refresh, logout, logoutByBearer } = accountRequests;
  for (const [route, request] of Object.entries({
    ...{ me: me(accessToken), refresh: refresh(refreshToken), logout: logout(refreshToken) },
  }))
    await shareStatements(servers, route, request);
  return [
    {
      ...{ name: 'GET /me, a known token', basis: 'read', budget: 1.25 },
      ...{ own: me(accessToken), floor: bare('GET', '/me', { headers: bearer(accessToken) }) },
    },
    {
      ...{ name: 'GET /me, a new token', basis: 'floor', budget: 1.25 },
      own: eachOf(newTokens.map((token) => me(token))),
      floor: eachOf(newTokens.map((token) => bare('GET', '/me', { headers: bearer(token) }))),
    },
    {
      ...{ name: 'POST /refresh', basis: 'read and sign', budget: 1.35 },
      ...{ own: refresh(refreshToken), floor: bare('POST', '/refresh', { body: { refreshToken } }) },
    },
    {
      ...{ name: 'POST /logout, refresh token', basis: 'read', budget: 1.25 },
      ...{ own: logout(refreshToken), floor: bare('POST', '/logout', { body: { refreshToken } }) },
    },
    {
      ...{ name: 'POST /logout, bearer, a known token', basis: 'read', budget: 1.25 },
      own: logoutByBearer(accessToken),
      floor: bare('POST', '/logout-by-bearer', { headers: bearer(accessToken) }),
    },
    {
      ...{ name: 'POST /logout, bearer, a new token', basis: 'read', budget: 1.25 },
      own: logoutByBearer(logoutToken),
      floor: bare('POST', '/logout-by-bearer', { headers: bearer(logoutToken) }),
    },
  ];
}

/** Sends a request to the service, and tells the floor of its route what that has asked the database. */
async function shareStatements(
  { service, bare, lastStatements }: BenchServers,
  route: string,
  request: BenchRequest,
): Promise<void> {
  const { status, text } = await service.client.send(request);
  if (status !== 200) throw new Error(`${route} is not answered: ${status} ${text}`);
  await bare.client.send({ method: 'POST', path: `/statements/${route}`, body: lastStatements() });
}

/** On a device that is known: on another one the owner is told by mail, behind the answer. */
function pairLogin({ deviceToken }: Tokens): Pair {
  return {
    ...{ name: 'POST /login, over one Argon2id hash', basis: 'floor', budget: 1.1 },
    ...{ own: accountRequests.login(deviceToken), floor: { method: 'POST', path: '/hash' } },
  };
}

/** Registers, and exchanges the token once: most refreshes of a session are not its first. */
async function signInForLong({ client }: BenchServers['service']): Promise<Tokens> {
  const { refreshToken, deviceToken } = await registerAccount(client);
  const { status, text } = await client.send(accountRequests.refresh(refreshToken));
  if (status !== 200) throw new Error(`the token was not exchanged: ${status} ${text}`);
  return { ...(JSON.parse(text) as Omit<Tokens, 'deviceToken'>), deviceToken };
}

function bare(method: 'GET' | 'POST', path: string, rest: Partial<BenchRequest>): BenchRequest {
  return { method, path, ...rest };
}

/** Returns one after the other, none twice. */
function eachOf(requests: readonly BenchRequest[]): () => BenchRequest {
  let next = 0;
  return () => {
    const request = requests[next++];
    if (request === undefined) throw new Error('there are too few requests');
    return request;
  };
}

async function comparePairs(
  pairs: readonly Pair[],
  { accessToken }: Tokens,
  { service, bare: floors }: BenchServers,
  plan: Plan,
): Promise<Row[]> {
  const headers = bearer(accessToken);
  const bases: Readonly<Record<Basis, BenchRequest>> = {
    read: bare('GET', '/me', { headers }),
    'read and sign': bare('GET', '/me-and-sign', { headers }),
  };
  const subjects = pairs.map(({ name, own, floor, basis }): Subject[] => [
    { name, ...service, request: own },
    { name: `floor of ${name}`, ...floors, request: floor },
    ...(basis === 'floor' ? [] : [{ name: `basis of ${name}`, ...floors, request: bases[basis] }]),
  ]);
  const costs = await cpuPerRequest(subjects.flat(), plan);
  return pairs.map((pair, index) => toRow(pair, costs.splice(0, subjects[index]?.length)));
}

function toRow({ name, basis, budget }: Pair, [own, floor, basisCost = floor]: readonly Cost[]): Row {
  const ratios = ratiosOf(own, basisCost);
  const ratio = median(ratios);
  return {
    cells: [
      ...[name, millisecondsOf(own), millisecondsOf(floor), median(ratiosOf(own, floor)).toFixed(2)],
      ...[basis, millisecondsOf(basisCost), ratio.toFixed(2)],
      ...[ratios.map((value) => value.toFixed(2)).join(' '), budget.toFixed(2), own?.roundTrips ?? ''],
    ],
    verdict: judge(ratio, budget),
  };
}

function millisecondsOf(cost: Cost | undefined): string {
  return `${median(cost?.msByRound.flat() ?? []).toFixed(3)} ms`;
}

/** Round by round, the median of each turn over that which comes right after it: other work on the machine hinders both. */
function ratiosOf(own: Cost | undefined, other: Cost | undefined): number[] {
  return (own?.msByRound ?? []).map((turns, round) =>
    median(turns.map((ms, turn) => ms / (other?.msByRound[round]?.[turn] ?? Number.NaN))),
  );
}
