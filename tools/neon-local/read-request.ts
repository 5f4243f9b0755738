import type { IncomingHttpHeaders } from 'node:http';

/** One statement of the body. */
export interface Query {
  readonly query: string;
  readonly params?: readonly unknown[];
  /** Whether its rows are arrays; if undefined, the header decides. */
  readonly arrayMode?: boolean;
}

/** Returns the name of the database in `Neon-Connection-String`; undefined when there is none. */
export function readDatabase(headers: IncomingHttpHeaders): string | undefined {
  const header = headers['neon-connection-string'];
  if (typeof header !== 'string' || !URL.canParse(header)) return undefined;
  const name = decodeURIComponent(new URL(header).pathname.slice(1));
  return name === '' ? undefined : name;
}

/** Returns a single statement, or those of a batch; undefined when the body is neither. */
export function readQueries(body: string): Query | Query[] | undefined {
  let value: { readonly query?: unknown; readonly queries?: unknown } | null;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (Array.isArray(value?.queries)) return value.queries;
  return typeof value?.query === 'string' ? (value as Query) : undefined;
}

/** The mode of a batch. */
export interface BatchMode {
  /** The statement that opens its transaction. */
  readonly begin: string;
  /** The headers to repeat in the answer. */
  readonly echoed: Readonly<Record<string, string>>;
}

const isolationLevels: Readonly<Record<string, string>> = {
  ReadUncommitted: 'READ UNCOMMITTED',
  ReadCommitted: 'READ COMMITTED',
  RepeatableRead: 'REPEATABLE READ',
  Serializable: 'SERIALIZABLE',
};

/** Returns the mode that the batch headers request; undefined when there is no such isolation level. */
export function readBatchMode(headers: IncomingHttpHeaders): BatchMode | undefined {
  const level = headers['neon-batch-isolation-level'];
  const modes: string[] = [];
  const echoed: Record<string, string> = {};
  if (typeof level === 'string') {
    if (!Object.hasOwn(isolationLevels, level)) return undefined;
    modes.push(`ISOLATION LEVEL ${isolationLevels[level]}`);
    echoed['neon-batch-isolation-level'] = level;
  }
  for (const [header, mode] of [
    ['neon-batch-read-only', 'READ ONLY'],
    ['neon-batch-deferrable', 'DEFERRABLE'],
  ] as const) {
    if (headers[header] !== 'true') continue;
    modes.push(mode);
    echoed[header] = 'true';
  }
  return { begin: `START TRANSACTION ${modes.join(', ')}`, echoed };
}
