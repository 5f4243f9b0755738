import { type CleanUp, nightlyRunMs, runCleanUps } from './clean-up.ts';
import type { Env } from './config.ts';
import { log } from './log.ts';
import { deliverDueMails } from './mail/deliver-mails.ts';
import { loadRuntime, type Runtime } from './runtime.ts';
import { ConfigError } from './variable-reader.ts';

/** The cron expressions in wrangler.toml. */
const cleanUpCron = '0 2 * * *';
const mailCron = '*/5 * * * *';

/**
 * Creates the Worker's `scheduled` handler: the clean-up at night, the delivery of due mails every five minutes, and
 * both on any other schedule that an operator has chosen.
 *
 * It rejects when a kind of row or the outbox failed, after everything else is done, and when the configuration is
 * wrong, so that the platform counts the run as failed. A mail provider that fails does not fail the run: its mails
 * wait.
 */
export function createScheduled(cleanUps: readonly CleanUp[]) {
  return async ({ cron }: { readonly cron: string }, env: Env): Promise<void> => {
    const runtime = await loadRuntime(env);
    if (runtime instanceof ConfigError) {
      log('error', 'misconfigured', { variables: runtime.variables });
      throw runtime;
    }
    const runs = [
      ...(cron === mailCron ? [] : [cleanUp(cleanUps, runtime)]),
      ...(cron === cleanUpCron ? [] : [deliver(runtime)]),
    ];
    const rejected = (await Promise.allSettled(runs)).find(({ status }) => status === 'rejected');
    if (rejected?.status === 'rejected') throw rejected.reason;
  };
}

async function cleanUp(cleanUps: readonly CleanUp[], { openDatabase }: Runtime): Promise<void> {
  const results = await runCleanUps(cleanUps, openDatabase, nightlyRunMs);
  const failed = results.filter(({ failure }) => failure !== undefined);
  if (failed.length === 0) return;
  const names = failed.map(({ rows }) => rows).join(', ');
  throw new Error(`the clean-up failed for ${names}`, { cause: failed[0]?.failure });
}

async function deliver({ mailDelivery }: Runtime): Promise<void> {
  const { failure } = await deliverDueMails(mailDelivery);
  if (failure !== undefined) throw new Error('the outbox could not be read', { cause: failure });
}
