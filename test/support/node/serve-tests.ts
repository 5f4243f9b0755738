import { BreachStub } from './breach-stub.ts';
import { startControlServer } from './control-server.ts';
import { startEngine } from './engine.ts';
import { FaultProxy } from './fault-proxy.ts';
import { startProviderStandIns } from './provider-stand-ins.ts';
import { startTestIssuer } from './start-test-issuer.ts';
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
    createDatabase: databases.create,
    dropDatabase: databases.drop,
  });
  closers.push(control.close);
  const issuer = await startTestIssuer();
  closers.push(issuer.stop);
  // vitest.config.ts has told workerd this port; a run without it, such as that of a bench, reaches them by their URL.
  const standIns = await startProviderStandIns(Number(process.env.STAND_INS_PORT ?? 0));
  closers.push(standIns.close);
  return {
    databaseEndpoint: databases.endpoint,
    databaseKind: databases.kind,
    controlUrl: control.url,
    localIssuer: issuer.provided,
    standInsUrl: standIns.url,
    appleAccount: standIns.appleAccount,
    standInKey: standIns.signingKey,
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
