import type { IncomingHttpHeaders } from 'node:http';
import { type ResultShape, toErrorBody, toResultBody } from './answer-body.ts';
import type { Backend, Connection } from './backend.ts';
import { SqlError } from './backend.ts';
import { toParam } from './params.ts';
import { type Query, readBatchMode, readDatabase, readQueries } from './read-request.ts';

/** The answer of the endpoint, always JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers one `POST /sql` as Neon's proxy does, statement errors included; never throws. */
export async function handleRequest(
  backend: Backend,
  headers: IncomingHttpHeaders,
  body: string,
): Promise<Answer> {
  try {
    return await answer(backend, headers, body);
  } catch (error) {
    if (error instanceof SqlError) return { status: 400, body: toErrorBody(error.message, error.fields) };
    return { status: 500, body: { message: String(error instanceof Error ? error.message : error) } };
  }
}

async function answer(backend: Backend, headers: IncomingHttpHeaders, body: string): Promise<Answer> {
  const database = readDatabase(headers);
  if (database === undefined) return badRequest('missing or invalid Neon-Connection-String');
  const queries = readQueries(body);
  if (queries === undefined) return badRequest('the body is not {query} or {queries}');
  const shape = {
    isArrayMode: headers['neon-array-mode'] === 'true',
    isRawText: headers['neon-raw-text-output'] === 'true',
  };
  if (!Array.isArray(queries)) {
    const result = await backend.run(database, (connection) => runQuery(connection, queries, shape));
    return { status: 200, body: result };
  }
  const mode = readBatchMode(headers);
  if (mode === undefined) return badRequest('invalid isolation level');
  const results = await backend.run(database, (connection) =>
    runBatch(connection, queries, mode.begin, shape),
  );
  return { status: 200, body: { results }, headers: mode.echoed };
}

async function runBatch(
  connection: Connection,
  queries: readonly Query[],
  begin: string,
  shape: ResultShape,
): Promise<unknown[]> {
  await connection.execute(begin, []);
  try {
    const results = [];
    for (const query of queries) results.push(await runQuery(connection, query, shape));
    await connection.execute('COMMIT', []);
    return results;
  } catch (error) {
    // The caller must see the cause, not that a lost session cannot be rolled back.
    if (connection.isInTransaction()) await connection.execute('ROLLBACK', []).catch(() => undefined);
    throw error;
  }
}

async function runQuery(connection: Connection, query: Query, shape: ResultShape): Promise<unknown> {
  const result = await connection.execute(query.query, (query.params ?? []).map(toParam));
  return toResultBody(result, { ...shape, isArrayMode: query.arrayMode ?? shape.isArrayMode });
}

function badRequest(message: string): Answer {
  return { status: 400, body: toErrorBody(message, {}) };
}
