import type { TestProject } from 'vitest/node';
import type {} from '../provided-context.ts';
import { startTestServices } from './test-services.ts';

/** The line that ends a run without the races; `.ci/run` takes it for a failure. */
const racesNotRun = 'races not run';

/** One database server for the whole run; returns how it is stopped. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { services, stop } = await startTestServices();
  project.provide('databaseEndpoint', services.databaseEndpoint);
  project.provide('databaseKind', services.databaseKind);
  project.provide('controlUrl', services.controlUrl);
  project.provide('localIssuer', services.localIssuer);
  project.provide('standInsUrl', services.standInsUrl);
  project.provide('appleAccount', services.appleAccount);
  project.provide('standInKey', services.standInKey);
  project.provide('serverUrl', services.serverUrl);
  const suite = process.env.TEST_SUITE;
  const isFull = suite === 'full';
  project.provide('isFull', isFull);
  project.provide('isRecording', process.env.RECORD_STATEMENTS !== undefined);
  project.provide('hasSlow', isFull || suite === 'faults');
  if (services.engineFailure === null) return stop;
  if (isFull) {
    await stop();
    throw new Error(`PostgreSQL did not start: ${services.engineFailure}`);
  }
  console.error(`PostgreSQL did not start: ${services.engineFailure}`);
  process.once('exit', () => console.log(racesNotRun));
  return stop;
}
