import type { MiddlewareHandler } from 'hono';
import { deliverMailsOfOperation } from '../mail/deliver-mails.ts';
import { ConfigError } from '../variable-reader.ts';
import type { AppEnv } from './context.ts';

/**
 * Sends the mails that a request has queued after its response is complete: nobody waits for a mail provider, and the
 * time that it takes reveals nothing about the request (ENU-05). Cron sends what fails (DBF-16).
 */
export const sendQueuedMails: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  const { deps, runtime, requestId } = c.var;
  if (!deps?.mail.isDue || runtime instanceof ConfigError) return;
  const { operationId } = deps.metadata;
  c.executionCtx.waitUntil(deliverMailsOfOperation(runtime.mailDelivery, operationId, requestId));
};
