import type { TestProject } from 'vitest/node';
import type {} from '../provided-context.ts';
import { BreachStub } from './breach-stub.ts';
import { startControlServer } from './control-server.ts';
import { FaultProxy } from './fault-proxy.ts';
import { openTestDatabases } from './test-databases.ts';

/** One database server for the whole run; returns how it is stopped. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const databases = await openTestDatabases(process.env.TEST_DATABASE_URL);
  const control = await startControlServer({
    faults: new FaultProxy(databases.endpoint),
    breaches: new BreachStub(),
    createDatabase: databases.create,
    dropDatabase: databases.drop,
  });
  project.provide('databaseUrl', databases.url);
  project.provide('databaseEndpoint', databases.endpoint);
  project.provide('databaseKind', databases.kind);
  project.provide('controlUrl', control.url);
  return async () => {
    await control.close();
    await databases.close();
  };
}
