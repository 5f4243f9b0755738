import { type ErrorFields, errorFields, type StatementResult } from './backend.ts';
import { toJson } from './values.ts';

/** How the values of a result are written. */
export interface ResultShape {
  readonly isArrayMode: boolean;
  /** PostgreSQL's text unchanged, instead of JSON values. */
  readonly isRawText: boolean;
}

/** Builds the answer to one statement. */
export function toResultBody(result: StatementResult, { isArrayMode, isRawText }: ResultShape): unknown {
  const { fields, tag } = result;
  const rows = result.rows.map((row) =>
    row.map((value, index) => (isRawText ? value : toJson(value, fields[index]?.dataTypeID ?? 0))),
  );
  const words = tag.split(' ');
  const count = words.at(-1) ?? '';
  return {
    rowAsArray: isArrayMode,
    fields: fields.map((field) => ({
      name: field.name,
      dataTypeID: field.dataTypeID,
      tableID: field.tableID,
      columnID: field.columnID,
      dataTypeSize: field.dataTypeSize,
      dataTypeModifier: field.dataTypeModifier,
      format: 'text',
    })),
    rows: isArrayMode
      ? rows
      : rows.map((row) => Object.fromEntries(row.map((value, index) => [fields[index]?.name, value]))),
    command: words[0],
    rowCount: /^\d+$/.test(count) ? Number(count) : null,
  };
}

/** Builds the answer to a failure: all members are present, null when PostgreSQL sent none. */
export function toErrorBody(message: string, fields: ErrorFields): Record<string, unknown> {
  return Object.fromEntries([
    ['message', message],
    ...errorFields.map((name) => [name, fields[name] ?? null]),
  ]);
}
