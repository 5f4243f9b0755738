import type { Env } from './config.ts';
import type { Database } from './db/client.ts';
import { log } from './log.ts';
import { loadRuntime } from './runtime.ts';
import { ConfigError } from './variable-reader.ts';

/** Expiring rows of one feature, and how it deletes those whose time has come: bounded, repeatable, in parallel. */
export interface CleanUp {
  readonly rows: string;
  /** @returns how many were deleted */
  readonly run: (deps: { readonly db: Database }) => Promise<number>;
}

/** The cron expression of the nightly clean-up in wrangler.toml. */
const cleanUpCron = '0 2 * * *';

/**
 * The Worker's `scheduled` handler: the clean-up at night. The trigger every five minutes is for the mail outbox,
 * which has nothing to send yet.
 */
export function createScheduled(cleanUps: readonly CleanUp[]) {
  return async ({ cron }: { readonly cron: string }, env: Env): Promise<void> => {
    if (cron !== cleanUpCron) return;
    const runtime = await loadRuntime(env);
    if (runtime instanceof ConfigError) {
      log('error', 'misconfigured', { variables: runtime.variables });
      return;
    }
    for (const { rows, run } of cleanUps) {
      const deleted = await run({ db: runtime.openDatabase() });
      log('info', 'clean_up_finished', { rows, deleted });
    }
  };
}
