import { afterAll, inject } from 'vitest';

/** A migrated database of its own for one test file, and its connection string; it is dropped after the file. */
export async function freshDatabase(): Promise<string> {
  const control = `${inject('controlUrl')}/databases`;
  const created = await fetch(control, { method: 'POST' });
  if (!created.ok) throw new Error(await created.text());
  const body = await created.text();
  afterAll(async () => {
    await fetch(control, { method: 'DELETE', body });
  });
  return (JSON.parse(body) as { url: string }).url;
}

/** The same for a file whose tests PGlite skips (test/support/races.ts): there no hook of it would run. */
export async function freshServerDatabase(): Promise<string> {
  return inject('databaseKind') === 'postgres' ? freshDatabase() : 'postgresql://none:none@127.0.0.1/none';
}
