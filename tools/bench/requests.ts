import {
  decodeJwt,
  decodeProtectedHeader,
  importJWK,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';
import { accountRequests, bearer, registerAccount, type SignedIn } from './account-requests.ts';
import { startBenchDatabase } from './bench-database.ts';
import { type BenchServer, type BenchService, startServer, startService } from './bench-service.ts';
import { bundleWorker } from './bundle.ts';
import { type Cost, cpuPerRequest, type Plan, type Subject } from './cpu-per-request.ts';
import { canMeasureCpu } from './cpu-time.ts';
import type { BenchRequest } from './http-client.ts';
import { type Replay, startReplay } from './replay.ts';
import { judge, type Report, type Row, type SectionOptions } from './report.ts';
import { baseUrl } from './service-vars.ts';
import { median } from './stats.ts';

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

/** The service and the bare Worker, and what answers for the database of both. */
interface Servers {
  readonly service: BenchService;
  readonly bare: BenchServer;
  readonly replay: Replay;
}

/** Measures the CPU of each request in relation to the least that it could take, and its database round trips. */
export async function measureRequests({ isQuick }: SectionOptions): Promise<Report> {
  const columns = [
    ...['request', 'CPU', 'its floor', 'ratio', 'basis', 'CPU', 'ratio', 'by round', 'budget', 'round trips'],
  ];
  if (!(await canMeasureCpu())) {
    return { notes: [], columns, rows: [{ cells: ['every request'], verdict: 'unsupported' }] };
  }
  const plan = { rounds, ...(isQuick ? { warmUpTurns: 1, turns: 1 } : { warmUpTurns, turns }) };
  await using database = await startBenchDatabase();
  // A PostgreSQL next to the Worker would take the CPU caches and, on one connection, most of the time.
  await using replay = await startReplay(database.endpoint);
  // One client asks again and again, as the application of one user does.
  const options = { connections: 16, address: '198.18.0.1' };
  await using service = await startService({ url: database.url, endpoint: `${replay.url}/sql` }, options);
  const bundle = await bundleWorker(new URL('./bare-worker.ts', import.meta.url));
  await using bare = await startServer({ ...bundle, vars: { ...service.vars, ISSUER: baseUrl } }, options);
  const servers = { service, bare, replay };
  const account = await signInForLong(service);
  const newTokens = (plan.warmUpTurns + plan.rounds * plan.turns) * requestsPerTurn;
  const hot = await pairHotRoutes(account, servers, newTokens);
  const rows = [
    ...(await comparePairs(hot, account, servers, { ...plan, requestsPerTurn })),
    ...(await comparePairs([pairLogin(account)], account, servers, {
      ...plan,
      requestsPerTurn: hashesPerTurn,
    })),
  ];
  return { notes, columns, rows };
}

const notes = [
  'CPU of workerd per request, in turns; a ratio is the median of 3 rounds, each the median of its turns.',
  'The floor is a bare Hono route with the same libraries: the same cryptography, statements and members of the answer.',
  'The basis of a budget is the bare route that verifies an ES256 token and reads a row; for a refresh it signs one too.',
  'A new token is one that the isolate has not seen; a logout never remembers its token.',
  'The database answers each statement as PostgreSQL did the first time, so that it costs the same for all.',
];

/** The hot routes. The database runs the statements of each once, the logout last. */
async function pairHotRoutes(account: SignedIn, servers: Servers, count: number): Promise<readonly Pair[]> {
  const { accessToken, refreshToken } = account;
  const { SIGNING_KEYS } = servers.service.vars;
  const [logoutToken = '', ...newTokens] = await signLikeTokens(accessToken, SIGNING_KEYS, 1 + count);
  const { me, refresh, logout, logoutByBearer } = accountRequests;
  const requests = { me: me(account), refresh: refresh(account), logout: logout(account) };
  for (const [route, request] of Object.entries(requests)) await shareStatements(servers, route, request);
  const bareMe = (token: string): BenchRequest => ({ method: 'GET', path: '/me', headers: bearer(token) });
  const read = { basis: 'read', budget: 1.25 } as const;
  const bareLogout = (token: string): BenchRequest => ({
    ...{ method: 'POST', path: '/logout-by-bearer', headers: bearer(token) },
  });
  return [
    { ...read, name: 'GET /me, a known token', own: requests.me, floor: bareMe(accessToken) },
    {
      ...{ name: 'GET /me, a new token', basis: 'floor', budget: 1.25 },
      own: eachOf(newTokens.map((token) => me({ accessToken: token }))),
      floor: eachOf(newTokens.map(bareMe)),
    },
    {
      ...{ name: 'POST /refresh', basis: 'read and sign', budget: 1.35 },
      ...{ own: requests.refresh, floor: { method: 'POST', path: '/refresh', body: { refreshToken } } },
    },
    {
      ...{ ...read, name: 'POST /logout, refresh token' },
      ...{ own: requests.logout, floor: { method: 'POST', path: '/logout', body: { refreshToken } } },
    },
    {
      ...{ ...read, name: 'POST /logout, bearer, a known token' },
      ...{ own: logoutByBearer(account), floor: bareLogout(accessToken) },
    },
    {
      ...{ ...read, name: 'POST /logout, bearer, a new token' },
      ...{ own: logoutByBearer({ accessToken: logoutToken }), floor: bareLogout(logoutToken) },
    },
  ];
}

/** Sends a request to the service, and tells the floor of its route what that has asked the database. */
async function shareStatements(
  { service, bare, replay }: Servers,
  route: string,
  request: BenchRequest,
): Promise<void> {
  const { status, text } = await service.client.send(request);
  if (status !== 200) throw new Error(`${route} is not answered: ${status} ${text}`);
  await bare.client.send({ method: 'POST', path: `/statements/${route}`, body: replay.lastStatements() });
}

/** On a device that is known: on another one the owner is told by mail, behind the answer. */
function pairLogin(account: SignedIn): Pair {
  return {
    ...{ name: 'POST /login, over one Argon2id hash', basis: 'floor', budget: 1.1 },
    ...{ own: accountRequests.login(account), floor: { method: 'POST', path: '/hash' } },
  };
}

/** Registers, and exchanges the token once: most refreshes of a session are not its first. */
async function signInForLong({ client }: BenchServer): Promise<SignedIn> {
  const account = await registerAccount(client);
  const { status, text } = await client.send(accountRequests.refresh(account));
  if (status !== 200) throw new Error(`the token was not exchanged: ${status} ${text}`);
  return { ...account, ...(JSON.parse(text) as Partial<SignedIn>) };
}

/** Signs as many other access tokens as are wanted that say the same as this one, each with an id of its own. */
async function signLikeTokens(token: string, signingKeys: string, count: number): Promise<string[]> {
  const [jwk] = JSON.parse(signingKeys) as JWK[];
  if (jwk === undefined) throw new Error('there is no signing key');
  const key = await importJWK(jwk, 'ES256');
  const claims = decodeJwt(token);
  const header = decodeProtectedHeader(token) as JWTHeaderParameters;
  const tokens: string[] = [];
  while (tokens.length < count) {
    const jti = crypto.randomUUID();
    tokens.push(await new SignJWT({ ...claims, jti }).setProtectedHeader(header).sign(key));
  }
  return tokens;
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
  { accessToken }: SignedIn,
  { service, bare }: Servers,
  plan: Plan,
): Promise<Row[]> {
  const headers = bearer(accessToken);
  const bases: Readonly<Record<Basis, BenchRequest>> = {
    read: { method: 'GET', path: '/me', headers },
    'read and sign': { method: 'GET', path: '/me-and-sign', headers },
  };
  const subjects = pairs.map(({ name, own, floor, basis }): Subject[] => [
    { name, ...service, request: own },
    { name: `floor of ${name}`, ...bare, request: floor },
    ...(basis === 'floor' ? [] : [{ name: `basis of ${name}`, ...bare, request: bases[basis] }]),
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
