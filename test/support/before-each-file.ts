import { afterAll, vi } from 'vitest';
import { freshDatabase, useDatabase } from './database.ts';
import { recordStatements } from './statement-recorder.ts';
import { renewAuthSecret } from './test-env.ts';

renewAuthSecret();
recordStatements();

// A clean-up goes over all rows of its database, and makes the keys of all addresses anew with its own secret.
const { url, drop } = await freshDatabase();
useDatabase(url);
afterAll(drop);

// The next file shares the modules, and the globals.
afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});
