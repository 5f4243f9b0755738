import { inject, onTestFinished } from 'vitest';
import { connect, type Database, type QueryOptions } from '../../src/db/client.ts';
import type { Fragment } from '../../src/db/sql.ts';
import { control } from './control.ts';
import type { Fault, FaultPlan, SeenRequest } from './node/fault-plan.ts';

/** What a test prepares and looks up: its statements need no names. */
export interface TestDatabase {
  query<R>(statement: Fragment, options?: QueryOptions): Promise<R[]>;
  batch(statements: readonly Fragment[], options?: QueryOptions): Promise<unknown[][]>;
}

/** Whether a test asks for it itself: the name of such a query begins with `test`, as none of the service does. */
export function isOfTest(name: string): boolean {
  return name.startsWith('test');
}

let ofThisFile: string | undefined;

/** Gives the tests in this file a migrated database of their own. */
export async function openFileDatabase(): Promise<void> {
  // No hook runs behind a file whose tests are all skipped.
  await dropFileDatabase();
  ofThisFile = await createDatabase();
}

export async function dropFileDatabase(): Promise<void> {
  if (ofThisFile !== undefined) await dropDatabase(ofThisFile);
  ofThisFile = undefined;
}

/** The database of the tests in this file; what needs no workerd has none, and asks none. */
export function databaseUrl(): string {
  return ofThisFile ?? 'postgresql://none:none@127.0.0.1/none';
}

/** The file's database, or another one, for what a test prepares and looks up. */
export function openDatabase(url: string = databaseUrl()): TestDatabase {
  const database = openForFlow(url);
  return {
    query: (statement, options) => database.query('test', statement as Fragment<never>, options),
    batch: async (statements, options) => {
      const steps = Object.fromEntries(statements.map((statement, n) => [`statement${n}`, statement]));
      return Object.values(await database.batch('test', steps, options));
    },
  };
}

/** Asks the file's database, or changes it. */
export function query<R>(statement: Fragment, options?: QueryOptions): Promise<R[]> {
  return openDatabase().query(statement, options);
}

/** The same database as a flow gets it, for a test that calls a query of the service. */
export function openForFlow(url: string = databaseUrl()): Database {
  return connect({ url, endpoint: inject('databaseEndpoint'), timeoutMs: 8000 })();
}

/** A further migrated database, which goes when the test ends. */
export async function freshDatabase(): Promise<string> {
  const url = await createDatabase();
  onTestFinished(() => dropDatabase(url));
  return url;
}

async function createDatabase(): Promise<string> {
  return (await control<{ url: string }>('POST', '/databases')).url;
}

async function dropDatabase(url: string): Promise<void> {
  await control('DELETE', '/databases', { url });
}

/** An endpoint between the service and its database that misbehaves as planned. */
export interface FaultyEndpoint {
  /** For DATABASE_HTTP_ENDPOINT. */
  readonly endpoint: string;
  plan(plan: FaultPlan): Promise<void>;
  /** What has come since the last plan. */
  seen(): Promise<readonly SeenRequest[]>;
}

export async function faultyEndpoint(plan: FaultPlan = []): Promise<FaultyEndpoint> {
  const { id, endpoint } = await control<{ id: string; endpoint: string }>('POST', '/faults', { plan });
  return {
    endpoint,
    plan: async (next) => void (await control('PUT', `/faults/${id}`, { plan: next })),
    seen: async () => (await control<{ seen: SeenRequest[] }>('GET', `/faults/${id}`)).seen,
  };
}

export type { Fault, FaultPlan };
