import { bundleWorker } from './bundle.ts';
import { HttpClient } from './http-client.ts';
import { createServiceVars } from './service-vars.ts';
import { startWorker, type WorkerSpec } from './workerd.ts';

/** A Worker in a process of its own, which ends with it, and a client for it. */
export interface BenchServer extends AsyncDisposable {
  readonly client: HttpClient;
  readonly url: string;
  /** The id of its process. */
  readonly pid: number;
}

/** The service, with its variables. */
export type BenchService = Awaited<ReturnType<typeof startService>>;

/** The connections of its client, one by default, and the address that it always has, a new one each time by default. */
interface ClientOptions {
  readonly connections?: number;
  readonly address?: string;
}

/** Starts a Worker. */
export async function startServer(
  spec: WorkerSpec,
  { connections = 1, address }: ClientOptions = {},
): Promise<BenchServer> {
  const { url, pid, stop } = await startWorker(spec);
  const client = new HttpClient(url, connections, address);
  const close = async () => {
    client.close();
    await stop();
  };
  return { client, url, pid, [Symbol.asyncDispose]: close };
}

/** Starts the service on this database; `vars` are those that differ from `createServiceVars`. */
export async function startService(
  database: { readonly url: string; readonly endpoint: string },
  { vars, ...options }: ClientOptions & { readonly vars?: Readonly<Record<string, string>> } = {},
) {
  const allVars = { ...(await createServiceVars(database)), ...vars };
  const server = await startServer({ ...(await bundleWorker()), vars: allVars }, options);
  return { ...server, vars: allVars };
}
