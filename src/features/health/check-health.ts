import type { Deps } from '../../deps.ts';
import { log } from '../../log.ts';
import { ping } from './ping.sql.ts';

export interface Health {
  readonly isHealthy: boolean;
  readonly isDatabaseConnected: boolean;
  /** How long the database took to answer or fail. */
  readonly latencyMs: number;
}

interface Probe {
  /** Until when the result is shared, or the probe is in progress, in milliseconds since the epoch. */
  readonly validUntil: number;
  /** Undefined while it is in progress. */
  readonly health: Health | undefined;
}

const validForMs = 1000;
/** How long other requests wait for a probe before one starts its own. */
const leaseMs = 3000;
const pollMs = 25;

// A cache by database, whose loss is harmless. An entry with an end marks a probe in progress, since a cancelled
// request cleans nothing up and a promise of another request must not be awaited (T26).
const probes = new Map<string, Probe>();

/**
 * Checks whether the database answers and a password can be hashed. However many ask, the database is pinged about
 * once a second (DBF-14).
 */
export async function checkHealth(deps: Deps): Promise<Health> {
  const { url, endpoint } = deps.config.database;
  const key = `${endpoint} ${url}`;
  for (;;) {
    const probe = probes.get(key);
    if (probe === undefined || probe.validUntil <= Date.now()) break;
    if (probe.health !== undefined) return probe.health;
    await scheduler.wait(pollMs);
  }
  probes.set(key, { validUntil: Date.now() + leaseMs, health: undefined });
  const health = await probeNow(deps);
  probes.set(key, { validUntil: Date.now() + validForMs, health });
  return health;
}

async function probeNow(deps: Deps): Promise<Health> {
  const startedAt = Date.now();
  let isDatabaseConnected = true;
  try {
    await ping(deps.db);
  } catch (error) {
    isDatabaseConnected = false;
    log('error', 'health_database_disconnected', { requestId: deps.metadata.requestId, cause: error });
  }
  const latencyMs = Date.now() - startedAt;
  return { isHealthy: isDatabaseConnected && (await canHash(deps)), isDatabaseConnected, latencyMs };
}

let hasHashed = false;

// Production has other limits than a local run (HSH-02), so one real hash is tried in each isolate.
async function canHash({ hasher, metadata }: Deps): Promise<boolean> {
  if (hasHashed) return true;
  try {
    await hasher.hash('self-test');
    hasHashed = true;
  } catch (error) {
    log('error', 'health_password_hash_failed', { requestId: metadata.requestId, cause: error });
  }
  return hasHashed;
}
