import { startBenchDatabase } from './bench-database.ts';
import { bundleWorker } from './bundle.ts';
import { HttpClient } from './http-client.ts';
import { type Replay, startReplay } from './replay.ts';
import { baseUrl, createServiceVars } from './service-vars.ts';
import { startWorker, type WorkerSpec } from './workerd.ts';

/** A running Worker and a client for it. */
export interface BenchServer {
  readonly client: HttpClient;
  /** The id of its process. */
  readonly pid: number;
}

/** The service and the baseline, each in its own process and on the same database. */
export interface BenchServers {
  readonly service: BenchServer;
  readonly bare: BenchServer;
  /** The statements of the last request to the database. */
  readonly lastStatements: Replay['lastStatements'];
  /** `SIGNING_KEYS` of both. */
  readonly signingKeys: string;
  close(): Promise<void>;
}

/** One client asks again and again, as the application of one user does. */
const clientAddress = '198.18.0.1';

/**
 * Starts both, with `connections` to each. A `startReplay` answers for their database: a PostgreSQL next to the
 * Worker would take the CPU caches and, on one connection, most of the time.
 */
export async function startBenchServers(connections: number): Promise<BenchServers> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  const serve = async (spec: WorkerSpec): Promise<BenchServer> => {
    const worker = await startWorker(spec);
    closers.push(worker.stop);
    const client = new HttpClient(worker.url, connections, clientAddress);
    closers.push(async () => client.close());
    return { client, pid: worker.pid };
  };
  try {
    const database = await startBenchDatabase();
    closers.push(database.close);
    const replay = await startReplay(database.endpoint);
    closers.push(replay.close);
    const vars = await createServiceVars({ url: database.url, endpoint: replay.url });
    const service = await serve({ ...(await bundleWorker()), vars });
    const bareBundle = await bundleWorker(new URL('./bare-worker.ts', import.meta.url));
    const bare = await serve({ ...bareBundle, vars: { ...vars, ISSUER: baseUrl } });
    const { lastStatements } = replay;
    return { service, bare, lastStatements, signingKeys: vars.SIGNING_KEYS, close };
  } catch (error) {
    await close();
    throw error;
  }
}
