import { inject } from 'vitest';
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

/** Names the database of the tests in this file. */
export function useDatabase(url: string): void {
  ofThisFile = url;
}

/** The database of the tests in this file; the run's where it has none of its own. */
export function databaseUrl(): string {
  return ofThisFile ?? inject('databaseUrl');
}

/** The file's database, or another one of the run, for what a test prepares and looks up. */
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

/** The same database as a flow gets it, for a test that calls a query of the service. */
export function openForFlow(url: string = databaseUrl()): Database {
  return connect({ url, endpoint: inject('databaseEndpoint'), timeoutMs: 8000 })();
}

/** A further migrated database. */
export async function freshDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const { url } = await control<{ url: string }>('POST', '/databases');
  return { url, drop: async () => void (await control('DELETE', '/databases', { url })) };
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
