import type { Keyring } from '../crypto/keyring.ts';
import type { Database } from '../db/client.ts';
import { log } from '../log.ts';
import type { Brand } from '../ui/brand.ts';
import type { Mailbox } from './mailbox.ts';
import { maskEmail } from './masked-text.ts';
import {
  finishMail,
  type GivenUpMail,
  giveUpExpiredMails,
  type LeasedMail,
  leaseDueMails,
  leaseMailsOfOperation,
  returnMails,
} from './outbox.sql.ts';
import { openMail } from './prepared-mail.ts';
import { type MailContent, renderMail } from './render-mail.tsx';
import type { MailTransport, OutgoingMail } from './transports/mail-transport.ts';

/** What sending mails needs. */
export interface MailDelivery {
  /** Null when mails stay in the outbox. */
  readonly transport: MailTransport | null;
  readonly from: Mailbox;
  /** The configured public origin. */
  readonly baseUrl: string;
  readonly brand: Brand;
  readonly keyring: Keyring;
  /** Opens a view of the database, once per batch, since a view has a time budget that is shorter than a run. */
  readonly openDatabase: () => Database;
}

/** The result of a run. */
export interface DeliveryResult {
  readonly sent: number;
  /** These are tried again later. */
  readonly failed: number;
  readonly givenUp: number;
  /** Why the run ended early; undefined if the database answered. */
  readonly failure: unknown;
}

const leaseMax = 20;
const parallelMax = 4;
const sendMs = 10_000;
const runMs = 25_000;
const expiredMax = 1000;

type SendResult = 'sent' | 'failed';

/**
 * Sends the mails that one request has queued, once. Cron sends those that fail or are not reached. Never rejects.
 * Round trips: 1, plus 1 per mail.
 * @param requestId for the log
 */
export async function deliverMailsOfOperation(
  delivery: MailDelivery,
  operationId: string,
  requestId: string,
): Promise<void> {
  const { transport, openDatabase } = delivery;
  if (transport === null) return;
  try {
    const mails = await leaseMailsOfOperation(openDatabase(), operationId, leaseMax);
    await sendAll(delivery, transport, mails, AbortSignal.timeout(runMs));
  } catch (cause) {
    log('error', 'mail_delivery_failed', { requestId, cause });
  }
}

/**
 * Sends all due mails, for at most 25 s, and gives up those that have expired. Never rejects. A mail that is refused,
 * not answered within 10 s, or not recorded as sent is tried again later, with the same key. No mail is lost before
 * its link has expired, whatever the provider answers: problems for the operator to fix, such as an unverified sender
 * or a wrong secret, affect all mails alike (EML-12, DBF-16). Parallel runs share the work.
 */
export async function deliverDueMails(delivery: MailDelivery): Promise<DeliveryResult> {
  const { transport, openDatabase } = delivery;
  const counts = { sent: 0, failed: 0, givenUp: 0 };
  let failure: unknown;
  try {
    const expired = await giveUpExpiredMails(openDatabase(), expiredMax);
    counts.givenUp += expired.length;
    // Where mails are meant to stay, expired ones are not failures.
    if (transport !== null) for (const mail of expired) log('error', 'mail_given_up', describe(mail));
    if (transport !== null) await sendInBatches(delivery, transport, counts);
  } catch (cause) {
    failure = cause;
  }
  if (failure === undefined) log('info', 'mail_delivery_finished', counts);
  else log('error', 'mail_delivery_failed', { ...counts, cause: failure });
  return { ...counts, failure };
}

async function sendInBatches(
  delivery: MailDelivery,
  transport: MailTransport,
  counts: Record<SendResult, number>,
): Promise<void> {
  const signal = AbortSignal.timeout(runMs);
  let mails: readonly LeasedMail[];
  do {
    mails = await leaseDueMails(delivery.openDatabase(), leaseMax);
    for (const result of await sendAll(delivery, transport, mails, signal)) counts[result] += 1;
  } while (mails.length === leaseMax && !signal.aborted);
}

/** Sends a few at a time, until the signal. Mails without time left are due again at once. */
async function sendAll(
  delivery: MailDelivery,
  transport: MailTransport,
  mails: readonly LeasedMail[],
  signal: AbortSignal,
): Promise<SendResult[]> {
  const results: SendResult[] = [];
  const untried: string[] = [];
  const waiting = mails.values();
  async function sendNext(): Promise<void> {
    // All share one iterator: each takes the next mail.
    for (const mail of waiting) {
      if (signal.aborted) untried.push(mail.id);
      else results.push(await sendOne(delivery, transport, mail, signal));
    }
  }
  await Promise.all(Array.from({ length: parallelMax }, sendNext));
  if (untried.length > 0) await returnMails(delivery.openDatabase(), untried);
  return results;
}

async function sendOne(
  delivery: MailDelivery,
  transport: MailTransport,
  mail: LeasedMail,
  signal: AbortSignal,
): Promise<SendResult> {
  try {
    const content = await contentOf(mail, delivery);
    if (content === null) {
      log('error', 'mail_failed', { ...describe(mail), cause: 'the sealed content does not open' });
      return 'failed';
    }
    const outgoing = await compose(mail, content, delivery);
    await transport.send(outgoing, AbortSignal.any([signal, AbortSignal.timeout(sendMs)]));
  } catch (cause) {
    log('warn', 'mail_failed', { ...describe(mail), cause });
    return 'failed';
  }
  return await recordSent(delivery, mail);
}

type OpenContent = Pick<MailContent, 'token' | 'facts'>;

/** Null when the secret that sealed it is missing: it may be back at the next try. */
async function contentOf(mail: LeasedMail, { keyring }: MailDelivery): Promise<OpenContent | null> {
  const { sealed, facts } = mail;
  if (sealed === null) return { token: null, facts };
  const content = await openMail(keyring, { ...mail, sealed });
  // What the statement alone knew stands beside what was sealed before it.
  return content && { ...content, facts: { ...content.facts, ...facts } };
}

async function compose(
  mail: LeasedMail,
  content: OpenContent,
  { baseUrl, brand, from }: MailDelivery,
): Promise<OutgoingMail> {
  const { url, code, ...rendered } = await renderMail(
    { ...mail, at: mail.createdAt, ...content },
    { baseUrl, brand },
  );
  return {
    ...rendered,
    to: mail.recipient,
    from,
    kind: mail.kind,
    data: dataOf(content, url, code),
    idempotencyKey: mail.id,
  };
}

function dataOf({ token }: OpenContent, url: string | null, code: string | null): OutgoingMail['data'] {
  if (code !== null) return { token: code };
  return url === null || token === null ? {} : { token, url };
}

async function recordSent({ openDatabase }: MailDelivery, mail: LeasedMail): Promise<SendResult> {
  try {
    await finishMail(openDatabase(), mail.id);
    return 'sent';
  } catch (cause) {
    log('error', 'mail_not_recorded', { ...describe(mail), cause });
    return 'failed';
  }
}

function describe({ id, kind, recipient, attempts }: GivenUpMail): Record<string, unknown> {
  return { id, kind, recipient: maskEmail(recipient), attempts };
}
