import { afterAll, expect, inject } from 'vitest';
import { connect, type Database, type Steps } from '../../src/db/client.ts';
import { compile, type Fragment } from '../../src/db/sql.ts';
import type { RecordedStatement } from '../../tools/sql-docs/recorded-statement.ts';
import { isOfTest } from './database.ts';

// Tests spy on fetch and replace it.
const { fetch } = globalThis;

/** What the service has compiled in this isolate so far. */
export const recorded = new Map<string, RecordedStatement>();
const sent = new Set<string>();
let isRecording = false;

/**
 * Notes the name and the text of every statement that the service compiles in this isolate, and tells the control server
 * at the end of each test file. The client knows nothing of it: its methods are replaced.
 */
export function recordStatements(): void {
  afterAll(tellControlServer);
  if (isRecording) return;
  isRecording = true;
  const settings = { url: 'postgres://nobody:nothing@localhost/none', endpoint: null, timeoutMs: 1 };
  const client = Object.getPrototypeOf(connect(settings)()) as Database;
  const { query, batch } = client;
  client.query = function <R>(this: Database, name: string, statement: Fragment, options?: object) {
    note(name, { '': statement });
    return query.call<Database, [string, Fragment, object?], Promise<R[]>>(this, name, statement, options);
  };
  client.batch = function (this: Database, name: string, steps: Steps, options?: object) {
    note(name, steps);
    return batch.call(this, name, steps, options);
  } as Database['batch'];
}

function note(name: string, steps: Steps): void {
  if (isOfTest(name)) return;
  const statement: RecordedStatement = {
    name,
    steps: Object.entries(steps).flatMap(([step, fragment]) =>
      fragment === null ? [] : [{ step, text: compile(fragment).text }],
    ),
  };
  recorded.set(JSON.stringify(statement), statement);
}

async function tellControlServer(): Promise<void> {
  const statements = [...recorded]
    .filter(([key]) => !sent.has(key))
    .map(([key, statement]) => {
      sent.add(key);
      return statement;
    });
  const body = JSON.stringify({ file: expect.getState().testPath, statements });
  const response = await fetch(`${inject('controlUrl')}/statements`, { method: 'POST', body });
  if (!response.ok) throw new Error(`POST /statements: ${response.status}`);
}
