import type { Feature } from '../feature.ts';
import { cleanupExpiredAttempts } from './queries.ts';

/** What the counters have to say as the owners of a table. Its buckets name a user by the id where there is no address key. */
export const attemptCounters: Feature = {
  cleanUps: [{ rows: 'login_attempts', change: 'deleted', runBatch: cleanupExpiredAttempts }],
};
