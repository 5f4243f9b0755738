import { BreachStub } from './breach-stub.ts';
import { startControlServer } from './control-server.ts';
import { startEngine } from './engine.ts';
import { FaultProxy } from './fault-proxy.ts';
import { StatementLog } from './statement-log.ts';
import { openTestDatabases } from './test-databases.ts';
import type { TestServices } from './test-services.ts';

// A process of its own, which test-services.ts starts: the database and its proxies would share one thread with Vite. It
// ends with its parent, however that ends, since then the channel between them closes.

const closers: (() => Promise<void>)[] = [];
let isClosing = false;

const starting = start();
process.once('disconnect', () => void close());
if (!process.connected) void close();
try {
  const services = await starting;
  if (process.connected) process.send?.(services);
} catch (error) {
  if (process.connected)
    process.send?.({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  await close();
}

async function start(): Promise<TestServices> {
  const engine = await startEngine(process.env);
  closers.push(engine.stop);
  const databases = await openTestDatabases(engine);
  closers.push(databases.close);
  const control = await startControlServer({
    faults: new FaultProxy(databases.endpoint),
    breaches: new BreachStub(),
    statements: new StatementLog(),
    createDatabase: databases.create,
    dropDatabase: databases.drop,
  });
  closers.push(control.close);
  return {
    databaseUrl: databases.url,
    databaseEndpoint: databases.endpoint,
    databaseKind: databases.kind,
    controlUrl: control.url,
    serverUrl: engine.serverUrl ?? null,
    engineFailure: engine.failure ?? null,
  };
}

async function close(): Promise<void> {
  if (isClosing) return;
  isClosing = true;
  // What is being started can only be ended once it is there.
  await starting.catch(() => undefined);
  for (const closer of closers.splice(0).reverse()) await closer();
  process.exit();
}
