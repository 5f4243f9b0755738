import type { Runtime } from '../runtime.ts';
import type { RequestContext } from './context.ts';

/**
 * Sends the mails that a request has queued after its response is complete: nobody waits for a mail provider, and the
 * time that it takes reveals nothing about the request (ENU-05). Cron sends what fails (DBF-16).
 */
export function sendQueuedMails(c: RequestContext, runtime: Runtime, operationId: string): void {
  c.executionCtx.waitUntil(deliver(runtime, operationId, c.get('requestId')));
}

async function deliver(runtime: Runtime, operationId: string, requestId: string): Promise<void> {
  const [{ deliverMailsOfOperation }, { mailDelivery }] = await Promise.all([
    import('../mail/deliver-mails.ts'),
    import('../mail/mail-delivery.ts'),
  ]);
  await deliverMailsOfOperation(mailDelivery(runtime), operationId, requestId);
}
