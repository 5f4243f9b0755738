import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { migrate, type StatementRunner } from '../../../src/db/migrations.ts';
import { bundleWorker } from '../../../tools/bench/bundle.ts';
import { HttpClient } from '../../../tools/bench/http-client.ts';
import { createServiceVars } from '../../../tools/bench/service-vars.ts';
import { startWorker } from '../../../tools/bench/workerd.ts';
import { openPostgres } from '../../../tools/neon-local/postgres-backend.ts';
import { startNeonLocal } from '../../../tools/neon-local/server.ts';
import { openDatabase, readMigrations } from '../../../tools/node-database.ts';
import { startPostgres } from '../../../tools/postgres/start-postgres.ts';
import { projectFolder } from '../../../tools/project.ts';
import type { FaultPlan } from './fault-plan.ts';
import { FaultProxy } from './fault-proxy.ts';

/** The service as it is deployed, in a workerd of its own, on a database that can be made to fail. */
export interface FragileService {
  readonly client: HttpClient;
  /** The database past all faults. */
  readonly database: StatementRunner;
  /** What happens from now on between the service and the database. */
  setFaults(plan: FaultPlan): void;
  /** Kills the PostgreSQL server and starts it again; returns when it has recovered. */
  restartPostgres(): Promise<void>;
  close(): Promise<void>;
}

interface Options {
  /** Requests to the service at once. */
  readonly connections: number;
  readonly databaseTimeoutMs: number;
}

/**
 * Starts everything, PostgreSQL included: whichever server TEST_DATABASE_URL names is not ours to kill. Its commits are
 * durable, as Neon's are.
 */
export async function startFragileService({
  connections,
  databaseTimeoutMs,
}: Options): Promise<FragileService> {
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
    process.off('SIGTERM', endEarly);
  };
  process.once('SIGTERM', endEarly);
  try {
    const postgres = await startPostgres({ isDurable: true });
    closers.push(postgres.close);
    const backend = openPostgres({ serverUrl: postgres.url });
    const neon = await startNeonLocal({ backend });
    closers.push(neon.close);
    await backend.createDatabase('fragile', 'template0');
    const url = 'postgresql://test:test@127.0.0.1/fragile';
    const database = openDatabase(url, neon.url);
    await migrate(database, await readMigrations(join(projectFolder, 'migrations')));

    const faulty = await startFaulty(neon.url);
    closers.push(faulty.close);
    const vars = {
      ...(await createServiceVars({ url, endpoint: faulty.url })),
      DATABASE_TIMEOUT_MS: String(databaseTimeoutMs),
    };
    // Its log would be a line for each of the faults.
    const worker = await startWorker({ ...(await bundleWorker()), vars, log: 'ignore' });
    closers.push(worker.stop);
    const client = new HttpClient(worker.url, connections);
    closers.push(() => client.close());
    return { client, database, setFaults: faulty.setFaults, restartPostgres: postgres.restart, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startFaulty(target: string) {
  const faults = new FaultProxy(target);
  const id = faults.create({ always: 'pass' });
  const server = createServer((request, response) => {
    // A request that its caller has given up while it was read.
    faults.serve(id, request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sql`,
    setFaults: (plan: FaultPlan) => {
      faults.replacePlan(id, plan);
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * An interrupted run ends this process without any afterAll and within moments: just enough to signal the servers, which
 * is done on `exit`. A signal does not bring that about, and vitest lets nobody call process.exit.
 */
function endEarly(): void {
  process.emit('exit', 0);
  process.kill(process.pid, 'SIGKILL');
}
