import type { MiddlewareHandler } from 'hono';
import { deliverMailsOfRequest } from '../mail/deliver-mails.ts';
import { ConfigError } from '../variable-reader.ts';
import type { AppEnv } from './context.ts';

/**
 * Has the mails sent that a request has queued, once its answer is made: nobody waits for a mail provider, and how long it
 * takes says nothing about the request (ENU-05). What is not sent then, cron sends (DBF-16).
 */
export const sendQueuedMails: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  const { deps, runtime, requestId } = c.var;
  if (!deps?.mail.isDue || runtime instanceof ConfigError) return;
  c.executionCtx.waitUntil(deliverMailsOfRequest(runtime.mailDelivery, requestId));
};
