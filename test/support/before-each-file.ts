import { afterAll } from 'vitest';
import { freshDatabase, useDatabase } from './database.ts';
import { renewAuthSecret } from './test-env.ts';

renewAuthSecret();

// A clean-up goes over all rows of its database, and makes the keys of all addresses anew with its own secret.
const { url, drop } = await freshDatabase();
useDatabase(url);
afterAll(drop);
