import { expect, inject, vi } from 'vitest';
import { Fragment } from '../../src/db/sql.ts';
import type { Answer } from './client.ts';
import { openDatabase } from './database.ts';

/** A node of a plan, as EXPLAIN names its properties, without those below it. */
export type PlanNode = Readonly<Record<string, unknown>>;

interface PlanTree extends PlanNode {
  readonly Plans?: readonly PlanTree[];
}

/** The plan of each statement that a request sends, those of a batch one by one, as PostgreSQL would run it on the tables as they are now. */
export async function plansOf(databaseUrl: string, request: () => Promise<Answer>): Promise<PlanNode[][]> {
  const outbound = vi.spyOn(globalThis, 'fetch');
  const { roundTrips } = await request();
  const calls = outbound.mock.calls.filter(([input]) => input === inject('databaseEndpoint'));
  const bodies = calls.map(([, init]) => JSON.parse(String(init?.body)));
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
