/**
 * Converts a parameter of the JSON body to PostgreSQL text, by the rules of Neon's proxy: strings stay unchanged,
 * arrays become array literals, everything else its JSON text.
 */
export function toParam(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? toArrayLiteral(value) : JSON.stringify(value);
}

function toArrayLiteral(values: readonly unknown[]): string {
  return `{${values.map(toElement).join(',')}}`;
}

function toElement(value: unknown): string {
  if (value === null) return 'NULL';
  if (Array.isArray(value)) return toArrayLiteral(value);
  const text = JSON.stringify(value);
  // An array literal quotes like JSON, so a document inside it is quoted once more.
  return typeof value === 'object' ? JSON.stringify(text) : text;
}
