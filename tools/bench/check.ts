import { accountRequests, registerAccount, roundTripsOf, type Tokens } from './account-requests.ts';
import { startBenchDatabase } from './bench-database.ts';
import { type Bundle, bundleWorker, judgeSizes } from './bundle.ts';
import { type BenchRequest, HttpClient } from './http-client.ts';
import type { Report, Row } from './report.ts';
import { createServiceVars } from './service-vars.ts';
import { startWorker } from './workerd.ts';

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
  const worker = await startWorker({ modules: new Map([...modules, ['index.mjs', Buffer.from(entry)]]) });
  try {
    const failures = (await (await fetch(worker.url)).json()) as string[];
    const found = failures[0] ?? String(names.length);
    return {
      cells: ['modules that can be evaluated', found, String(names.length)],
      verdict: failures.length === 0 ? 'ok' : 'over',
    };
  } finally {
    await worker.stop();
  }
}

/** Sends each request once, on the embedded PostgreSQL. */
async function countRoundTrips(bundle: Bundle): Promise<Row[]> {
  const database = await startBenchDatabase();
  try {
    const worker = await startWorker({ ...bundle, vars: await createServiceVars(database) });
    const client = new HttpClient(worker.url, 1);
    try {
      return await signInAndOut(client);
    } finally {
      client.close();
      await worker.stop();
    }
  } finally {
    await database.close();
  }
}

async function signInAndOut(client: HttpClient): Promise<Row[]> {
  const rows: Row[] = [];
  const send = async (name: string, request: BenchRequest, wanted: number): Promise<string> => {
    const response = await client.send(request);
    const found = response.status === 200 ? roundTripsOf(response) : `status ${response.status}`;
    const verdict = found === String(wanted) ? 'ok' : 'over';
    rows.push({ cells: [name, found ?? 'no Server-Timing', String(wanted)], verdict });
    return response.text;
  };
  const { me, refresh, logout, logoutByBearer, login } = accountRequests;
  const registered = await registerAccount(client);
  await send('GET /me', me(registered.accessToken), 1);
  const refreshed = await send('POST /refresh', refresh(registered.refreshToken), 1);
  const { refreshToken } = JSON.parse(refreshed) as Partial<Tokens>;
  await send('POST /logout, refresh token', logout(refreshToken ?? ''), 1);
  const loggedIn = await send('POST /login', login(registered.deviceToken), 2);
  const { accessToken } = JSON.parse(loggedIn) as Partial<Tokens>;
  await send('POST /logout, bearer', logoutByBearer(accessToken ?? ''), 1);
  return rows;
}
