import { type CleanUp, nightlyRunMs, runCleanUps } from './clean-up.ts';
import type { Env } from './config.ts';
import { log } from './log.ts';
import { loadRuntime } from './runtime.ts';
import { ConfigError } from './variable-reader.ts';

/** The cron expression of the nightly clean-up in wrangler.toml. */
const cleanUpCron = '0 2 * * *';

/**
 * The Worker's `scheduled` handler: the clean-up at night. The trigger every five minutes is for the mail outbox,
 * which has nothing to send yet.
 *
 * Rejects when a kind of rows failed, once all the others are done, and when the configuration is wrong, so that the
 * platform counts the run as failed.
 */
export function createScheduled(cleanUps: readonly CleanUp[]) {
  return async ({ cron }: { readonly cron: string }, env: Env): Promise<void> => {
    if (cron !== cleanUpCron) return;
    const runtime = await loadRuntime(env);
    if (runtime instanceof ConfigError) {
      log('error', 'misconfigured', { variables: runtime.variables });
      throw runtime;
    }
    const results = await runCleanUps(cleanUps, runtime.openDatabase, nightlyRunMs);
    const failed = results.filter(({ failure }) => failure !== undefined);
    if (failed.length === 0) return;
    const names = failed.map(({ rows }) => rows).join(', ');
    throw new Error(`the clean-up failed for ${names}`, { cause: failed[0]?.failure });
  };
}
