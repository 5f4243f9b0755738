import { expect, vi } from 'vitest';
import { Fragment, sql } from '../../src/db/sql.ts';
import type { Answer } from './client.ts';
import { openDatabase } from './database.ts';

/** A node of a plan, as EXPLAIN names its properties, without those below it. */
export type PlanNode = Readonly<Record<string, unknown>>;

interface PlanTree extends PlanNode {
  readonly Plans?: readonly PlanTree[];
}

/** Statements that give every user a second factor's rows, so that its tables are large as well. */
export const twoFactorRows: readonly Fragment[] = [
  sql`INSERT INTO factors (id, user_id, kind, name, secret_sealed, added_at, held_since)
    SELECT gen_random_uuid(), u.id, 'totp', 'Authenticator app', 'v1.other.' || u.id, now(), now() FROM users u`,
  sql`INSERT INTO backup_codes (user_id, code_hash)
    SELECT u.id, sha256((n || u.id::text)::bytea) FROM users u, generate_series(1, 3) n`,
  sql`INSERT INTO second_factor_devices (user_id, device_id) SELECT u.id, gen_random_uuid() FROM users u`,
  sql`INSERT INTO trusted_devices (id, user_id, expires_at)
    SELECT gen_random_uuid(), u.id, now() + interval '30 days' FROM users u`,
  sql`ANALYZE factors, backup_codes, second_factor_devices, trusted_devices`,
];

/** The plan of each statement that a request sends, those of a batch one by one, as PostgreSQL would run it on the tables as they are now. */
export async function plansOf(databaseUrl: string, request: () => Promise<Answer>): Promise<PlanNode[][]> {
  const outbound = vi.spyOn(globalThis, 'fetch');
  const { roundTrips } = await request();
  const bodies = outbound.mock.calls.map(([, init]) => JSON.parse(String(init?.body)));
  outbound.mockRestore();
  expect(bodies).toHaveLength(roundTrips);
  const statements = bodies.flatMap((body) => body.queries ?? [body]);
  return Promise.all(statements.map((statement) => explain(databaseUrl, statement)));
}

/** Fails when a table is read from end to end, or when none is read at all. */
export function expectIndexed(nodes: readonly PlanNode[]): void {
  const scans = nodes.filter(
    (node) => node['Relation Name'] !== undefined && String(node['Node Type']).includes('Scan'),
  );
  expect(scans.length).toBeGreaterThan(0);
  expect(scans.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([]);
}

async function explain(databaseUrl: string, body: { query: string; params: unknown[] }): Promise<PlanNode[]> {
  const statement = new Fragment(`EXPLAIN (FORMAT JSON) ${body.query}`.split(/\$\d+/), body.params);
  const [row] = await openDatabase(databaseUrl).query<{ 'QUERY PLAN': { Plan: PlanTree }[] }>(statement);
  return nodesOf(row!['QUERY PLAN'][0]!.Plan);
}

function nodesOf({ Plans = [], ...own }: PlanTree): PlanNode[] {
  return [own, ...Plans.flatMap(nodesOf)];
}
