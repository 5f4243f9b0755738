import { startBenchDatabase } from './bench-database.ts';
import { bundleWorker } from './bundle.ts';
import { HttpClient } from './http-client.ts';
import { startReplay } from './replay.ts';
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
  close(): Promise<void>;
}

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
    const client = new HttpClient(worker.url, connections);
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
    const { DATABASE_URL, DATABASE_HTTP_ENDPOINT } = vars;
    const bareVars = {
      DATABASE_URL,
      DATABASE_HTTP_ENDPOINT,
      ISSUER: baseUrl,
      PUBLIC_JWK: publicPart(vars.SIGNING_KEYS),
    };
    const bareBundle = await bundleWorker(new URL('./bare-worker.ts', import.meta.url));
    return { service, bare: await serve({ ...bareBundle, vars: bareVars }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function publicPart(signingKeys: string): string {
  const [{ d: _private, ...publicJwk } = {}] = JSON.parse(signingKeys) as Record<string, unknown>[];
  return JSON.stringify(publicJwk);
}
