import { cronRunMs, runCleanUps } from './clean-up/clean-up.ts';
import { ConfigError } from './config/variable-reader.ts';
import type { Env } from './config.ts';
import type { Rules } from './deps.ts';
import { log } from './log.ts';
import { deliverDueMails } from './mail/deliver-mails.ts';
import { mailDelivery } from './mail/mail-delivery.ts';
import { loadRuntime, type Runtime } from './runtime.ts';

type CleaningRules = Pick<Rules, 'cleanUps' | 'credentials'>;

/** The cron expression in wrangler.toml of the run that cleans up only: mails have their own every five minutes. */
const nightlyCron = '0 2 * * *';

/**
 * Creates the Worker's `scheduled` handler. Every trigger cleans up, so that the clean-up keeps up with what clients
 * may write (CRN-08): the nightly one alone would be behind for days after a day of abuse. Every trigger but the
 * nightly one delivers the mails that are due as well.
 *
 * It rejects when a kind of row or the outbox failed, after everything else is done, and when the configuration is
 * wrong, so that the platform counts the run as failed. A mail provider that fails does not fail the run: its mails
 * wait.
 */
export function createScheduled(rules: CleaningRules) {
  return async ({ cron }: { readonly cron: string }, env: Env): Promise<void> => {
    const runtime = await loadRuntime(env);
    if (runtime instanceof ConfigError) {
      log('error', 'misconfigured', { variables: runtime.variables });
      throw runtime;
    }
    const runs = [cleanUp(rules, runtime), ...(cron === nightlyCron ? [] : [deliver(runtime)])];
    const failures = (await Promise.all(runs)).filter((failure) => failure !== null);
    if (failures.length > 0)
      throw new AggregateError(failures, failures.map(({ message }) => message).join('; '));
  };
}

/** @returns what to tell the platform; null when every kind of row is done with */
async function cleanUp(
  { cleanUps, credentials }: CleaningRules,
  { openDatabase, keyring, config }: Runtime,
): Promise<Error | null> {
  const results = await runCleanUps(cleanUps, {
    openView: openDatabase,
    keyring,
    credentials,
    config,
    runMs: cronRunMs,
  });
  const failed = results.filter(({ failure }) => failure !== undefined);
  if (failed.length === 0) return null;
  const names = failed.map(({ rows }) => rows).join(', ');
  return new Error(`the clean-up failed for ${names}`, { cause: failed[0]?.failure });
}

async function deliver(runtime: Runtime): Promise<Error | null> {
  const { failure } = await deliverDueMails(mailDelivery(runtime));
  return failure === undefined ? null : new Error('the outbox could not be read', { cause: failure });
}
