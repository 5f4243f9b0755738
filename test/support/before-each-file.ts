import { afterAll, vi } from 'vitest';
import { dropFileDatabase, openFileDatabase } from './database.ts';
import { recordStatements } from './statement-recorder.ts';
import { renewAuthSecret } from './test-env.ts';

renewAuthSecret();
recordStatements();

// A clean-up goes over all rows of its database, and makes the keys of all addresses anew with its own secret.
await openFileDatabase();
afterAll(dropFileDatabase);

// The next file shares the modules, and the globals.
afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});
