import { afterEach, inject } from 'vitest';
import { connect, type Database, type Steps } from '../../src/db/client.ts';
import { compile, type Fragment } from '../../src/db/sql.ts';
import type { CompiledStatement } from '../../tools/sql/statement-text.ts';
import { isOfTest } from './database.ts';
import { ambiguousAliases } from './statement-aliases.ts';
import { countSteps, overLimits, statementLimits } from './statement-limits.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** What the test has compiled, where `npm run sql` asks for it. */
    statements?: readonly CompiledStatement[];
  }
}

/** What the service has compiled in this isolate so far. */
export const recorded = new Map<string, CompiledStatement>();
let fresh: CompiledStatement[] = [];
let ambiguous: string[] = [];
let isRecording = false;

/**
 * Looks at every query and batch that the service compiles in this isolate, and lets the test fail in which one is too
 * large to be read, or gives one alias to two rows of which a fragment may mean either. The client knows nothing of it: its methods are replaced.
 */
export function recordStatements(): void {
  afterEach(async ({ task }) => {
    const statements = fresh;
    fresh = [];
    if (inject('isRecording')) task.meta.statements = statements;
    const problems = [...(await Promise.all(statements.map(problemsOf))).flat(), ...ambiguous];
    ambiguous = [];
    if (problems.length > 0)
      throw new Error(
        `it compiles what nobody can read (test/support/statement-limits.ts, statement-aliases.ts): ${problems.join('; ')}`,
      );
  });
  if (isRecording) return;
  isRecording = true;
  const settings = { url: 'postgres://nobody:nothing@localhost/none', endpoint: null, timeoutMs: 1 };
  const client = Object.getPrototypeOf(connect(settings)()) as Database;
  const { query, batch } = client;
  client.query = function <R>(this: Database, name: string, statement: Fragment<R>, options?: object) {
    note(name, { '': statement });
    return query.call<Database, [string, Fragment<R>, object?], Promise<R[]>>(this, name, statement, options);
  };
  client.batch = function (this: Database, name: string, steps: Steps, options?: object) {
    note(name, steps);
    return batch.call(this, name, steps, options);
  } as Database['batch'];
}

function note(name: string, steps: Steps): void {
  if (isOfTest(name)) return;
  const statement: CompiledStatement = {
    name,
    steps: Object.entries(steps).flatMap(([step, fragment]) =>
      fragment === null ? [] : [{ step, text: compile(fragment).text }],
    ),
  };
  const key = JSON.stringify(statement);
  // Not as it is served: it has what a test has planted.
  if (recorded.has(key) || key.includes('/* planted */')) return;
  recorded.set(key, statement);
  fresh.push(statement);
  for (const [step, fragment] of Object.entries(steps))
    for (const alias of fragment === null ? [] : ambiguousAliases(fragment))
      ambiguous.push(`${name} ${step} has two rows ${alias} for what a fragment within says of ${alias}`);
}

async function problemsOf(statement: CompiledStatement): Promise<string[]> {
  const problems = overLimits(statement);
  if (statement.steps.length <= statementLimits.steps) return problems;
  const steps = countSteps(statement, await readJointSteps());
  if (steps <= statementLimits.steps) return problems;
  return [...problems, `${statement.name} has ${steps} steps (${statementLimits.steps} at most)`];
}

/** The steps that features add to batches of others. */
export async function readJointSteps(): Promise<Set<string>> {
  // Only here, so that no test evaluates the app because of it.
  const [{ features }, { loadRulesOf }] = await Promise.all([
    import('../../src/app.ts'),
    import('../../src/feature.ts'),
  ]);
  const { credentials, tables, signInCompletions } = await loadRulesOf(features);
  return new Set([
    ...signInCompletions.flatMap(({ steps }) => Object.keys(steps)),
    ...credentials.map(({ step }) => step),
    ...tables
      .flatMap(({ atDeletion, atTakeOver }) => [atDeletion, atTakeOver])
      .flatMap((what) => (typeof what === 'object' && 'step' in what ? [what.step] : [])),
  ]);
}
