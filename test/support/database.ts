import { inject } from 'vitest';
import { connect, type Database } from '../../src/db/client.ts';
import { control } from './control.ts';
import type { Fault, FaultPlan, SeenRequest } from './node/fault-plan.ts';

/** The run's database, or another one of it, for what a test prepares and looks up. */
export function openDatabase(url: string = inject('databaseUrl')): Database {
  return connect({ url, endpoint: inject('databaseEndpoint'), timeoutMs: 8000 })();
}

/** A migrated database of its own, for tests that count all rows. */
export async function freshDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const { url } = await control<{ url: string }>('POST', '/databases');
  return { url, drop: async () => void (await control('DELETE', '/databases', { url })) };
}

/** An endpoint between the service and its database that misbehaves as planned. */
export interface FaultyEndpoint {
  /** For DATABASE_HTTP_ENDPOINT. */
  readonly endpoint: string;
  plan(plan: FaultPlan): Promise<void>;
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
