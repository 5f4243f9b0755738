import { addExpiredRows, countExpiredRows } from '../expired-rows.ts';
import { startBenchPostgres } from './bench-database.ts';
import { startServer } from './bench-service.ts';
import { bundleWorker } from './bundle.ts';
import { judge, type Report, type Row, type SectionOptions } from './report.ts';
import { createServiceVars } from './service-vars.ts';

/** Those of an hour. */
const triggersMax = 12;
const trigger = encodeURIComponent('*/5 * * * *');

/** Measures how many of the five-minute triggers it takes until everything is gone that is due. */
export async function measureCleanUp({ isQuick }: SectionOptions): Promise<Report> {
  const count = isQuick ? 60_000 : 600_000;
  await using postgres = await startBenchPostgres();
  const database = await postgres.create('clean_up');
  await addExpiredRows((statement) => database.runner.query(statement), count);
  const bundle = await bundleWorker(new URL('clean-up-worker.ts', import.meta.url));
  await using worker = await startServer({
    ...{ ...bundle, vars: await createServiceVars(database), log: 'ignore' },
  });
  const rows: Row[] = [];
  let most = Number.POSITIVE_INFINITY;
  while (most > 0 && rows.length < triggersMax) {
    const startedAt = performance.now();
    const answer = await fetch(`${worker.url}/?cron=${trigger}`);
    if (!answer.ok) throw new Error(`the trigger failed: ${answer.status} ${await answer.text()}`);
    const tookMs = performance.now() - startedAt;
    const [left = {}] = await database.runner.query<Record<string, number>>(countExpiredRows);
    most = Math.max(...Object.values(left));
    const isLast = most === 0 || rows.length + 1 === triggersMax;
    rows.push({
      cells: [String(rows.length + 1), `${(tookMs / 1000).toFixed(1)} s`, String(most)],
      verdict: isLast ? judge(most, 0) : undefined,
    });
  }
  const notes = [
    `${count} due rows of every kind, and a former id for each session. One real PostgreSQL server. Budget: ${triggersMax} triggers, an hour of them.`,
  ];
  return { notes, columns: ['trigger', 'took', 'most rows left of a kind'], rows };
}
