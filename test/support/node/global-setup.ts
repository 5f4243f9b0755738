import { writeFile } from 'node:fs/promises';
import type { TestProject, Vitest } from 'vitest/node';
import type {} from '../provided-context.ts';
import { startTestServices } from './test-services.ts';

/** The line that ends a run without the races; `.ci/run` takes it for a failure. */
const racesNotRun = 'races not run';

/** One database server for the whole run; returns how it is stopped. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { services, stop: stopServices } = await startTestServices();
  const stop = async () => {
    await keepStatements(services.controlUrl);
    await stopServices();
  };
  project.provide('databaseUrl', services.databaseUrl);
  project.provide('databaseEndpoint', services.databaseEndpoint);
  project.provide('databaseKind', services.databaseKind);
  project.provide('controlUrl', services.controlUrl);
  project.provide('localIssuer', services.localIssuer);
  project.provide('standInsUrl', services.standInsUrl);
  project.provide('appleAccount', services.appleAccount);
  project.provide('standInKey', services.standInKey);
  project.provide('serverUrl', services.serverUrl);
  const isFull = process.env.TEST_SUITE === 'full';
  project.provide('isFull', isFull);
  project.provide('recordingFiles', await recordingFiles(project.vitest));
  if (services.engineFailure === null) return stop;
  if (isFull) {
    await stop();
    throw new Error(`PostgreSQL did not start: ${services.engineFailure}`);
  }
  console.error(`PostgreSQL did not start: ${services.engineFailure}`);
  process.once('exit', () => console.log(racesNotRun));
  return stop;
}

async function recordingFiles(vitest: Vitest): Promise<string[] | null> {
  if (vitest.config.testNamePattern !== undefined) return null;
  const specifications = await vitest.globTestSpecifications();
  const recording = specifications.filter(({ project }) => ['workers', 'isolated'].includes(project.name));
  return recording.map(({ moduleId }) => moduleId);
}

/** Writes down what the run has compiled, where `npm run sql-docs` asks for it. */
async function keepStatements(controlUrl: string): Promise<void> {
  const file = process.env.STATEMENTS_FILE;
  if (file === undefined) return;
  const response = await fetch(`${controlUrl}/statements`);
  await writeFile(file, await response.text());
}
