import { maskAnswer } from '../masked-text.ts';
import type { MailTransport } from './mail-transport.ts';

/**
 * Sends through Cloudflare's Email Service by a `send_email` binding. The service has no idempotency key: a mail
 * whose response was lost is sent twice.
 */
export function cloudflareTransport(binding: SendEmail): MailTransport {
  return {
    async send({ to, from, subject, text, html }, signal) {
      const { name, address } = from;
      const sender = name === null ? address : { name, email: address };
      try {
        await untilAborted(binding.send({ to, from: sender, subject, text, html }), signal);
      } catch (thrown) {
        throw signal.aborted ? thrown : new Error(describe(thrown));
      }
    },
  };
}

/** A call of a binding takes no signal, so it is abandoned. */
function untilAborted<T>(call: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    call.then(resolve, reject);
  });
}

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown error';
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name;
  return `${code}: ${maskAnswer(thrown.message)}`;
}
