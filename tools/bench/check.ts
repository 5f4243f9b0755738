import { accountRequests, registerAccount, roundTripsOf, type SignedIn } from './account-requests.ts';
import { startBenchDatabase } from './bench-database.ts';
import { startServer } from './bench-service.ts';
import { type Bundle, bundleWorker, judgeSizes } from './bundle.ts';
import type { BenchRequest } from './http-client.ts';
import type { Report, Row } from './report.ts';
import { createServiceVars } from './service-vars.ts';

/** Compares with their budgets what is the same on every machine: the sizes of the modules, and round trips. */
export async function checkExactly(): Promise<Report> {
  const bundle = await bundleWorker();
  const sizes = judgeSizes(bundle).map(
    ({ name, measured, budget, verdict }): Row => ({ cells: [name, measured, `at most ${budget}`], verdict }),
  );
  return {
    notes: ['The round trips of requests to the built Worker in workerd, as Server-Timing says them.'],
    columns: ['what', 'measured', 'wanted'],
    rows: [...sizes, await evaluateModules(bundle), ...(await countRoundTrips(bundle))],
  };
}

/** Imports every module of the upload, most of which nothing does before it is needed. */
async function evaluateModules({ modules }: Bundle): Promise<Row> {
  const names = [...modules.keys()].filter((name) => name.endsWith('.mjs') && name !== 'index.mjs');
  const imports = names.map((name) => `() => import("./${name}")`);
  const entry = `export default { async fetch() {
    const loaded = await Promise.allSettled([${imports.join(', ')}].map((load) => load()));
    return Response.json(loaded.flatMap(({ reason }) => (reason === undefined ? [] : [String(reason)])));
  } };`;
  await using worker = await startServer({
    modules: new Map([...modules, ['index.mjs', Buffer.from(entry)]]),
  });
  const { text } = await worker.client.send({ method: 'GET', path: '/' });
  const [failure] = JSON.parse(text) as string[];
  return {
    cells: ['modules that can be evaluated', failure ?? String(names.length), String(names.length)],
    verdict: failure === undefined ? 'ok' : 'over',
  };
}

/** Sends each request once, on the embedded PostgreSQL. */
async function countRoundTrips(bundle: Bundle): Promise<Row[]> {
  await using database = await startBenchDatabase();
  await using service = await startServer({ ...bundle, vars: await createServiceVars(database) });
  const { client } = service;
  const rows: Row[] = [];
  const send = async (name: string, request: BenchRequest, wanted: number): Promise<SignedIn> => {
    const response = await client.send(request);
    const found = response.status === 200 ? roundTripsOf(response) : `status ${response.status}`;
    const verdict = found === String(wanted) ? 'ok' : 'over';
    rows.push({ cells: [name, found ?? 'no Server-Timing', String(wanted)], verdict });
    return { ...registered, ...(JSON.parse(response.text) as Partial<SignedIn>) };
  };
  const { me, refresh, logout, logoutByBearer, login } = accountRequests;
  const registered = await registerAccount(client);
  await send('GET /me', me(registered), 1);
  const refreshed = await send('POST /refresh', refresh(registered), 1);
  await send('POST /logout, refresh token', logout(refreshed), 1);
  const loggedIn = await send('POST /login', login(registered), 2);
  await send('POST /logout, bearer', logoutByBearer(loggedIn), 1);
  return rows;
}
