import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { deliverDueMails, deliverMailsOfOperation, type MailDelivery } from '../../src/mail/deliver-mails.ts';
import {
  deleteFinishedMails,
  finishMail,
  giveUpExpiredMails,
  leaseDueMails,
  resealMails,
  returnMails,
} from '../../src/mail/outbox.sql.ts';
import type { OutgoingMail } from '../../src/mail/transports/mail-transport.ts';
import { recordLog } from '../contract/recorded-log.ts';
import { keyringOf, queue, run, token } from '../mail/outbox-rows.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { databaseUrl, openForFlow } from '../support/database.ts';
import { expectIndexed, plansOf } from '../support/query-plans.ts';
import { describe, roundsOf } from '../support/races.ts';
import { slowRaces } from '../support/slow.ts';
import { randomSecret } from '../support/test-env.ts';
import { headStartOf, releaseTogether } from './held-calls.ts';
import { holdRows } from './hold-rows.ts';

const client = new TestClient();

beforeEach(async () => void (await run(client, sql`DELETE FROM mail_outbox`)));
afterEach(() => vi.restoreAllMocks());

/** A delivery that notes what it sends, and whom it tells so. */
function deliveryTo(sent: OutgoingMail[], onSend: () => Promise<void> = async () => undefined): MailDelivery {
  return {
    transport: {
      send: async (mail) => {
        sent.push(mail);
        await onSend();
      },
    },
    from: { name: null, address: 'no-reply@auth.test' },
    baseUrl: 'https://auth.test',
    brand: {
      ...{ name: 'Example', color: '#2b54c9' },
      ...{ logoUrl: null, termsUrl: null, privacyUrl: null, supportUrl: null },
    },
    keyring: keyringOf(client),
    openDatabase: () => openForFlow(),
  };
}

async function queueMany(count: number, operationId?: string): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, () => queue(client, { ...(operationId !== undefined && { operationId }) })),
  );
}

describe('runs side by side', { timeout: 60_000 }, () => {
  test('of which 8 claim at the same moment send each of 60 mails exactly once (EML-12)', async () => {
    let sharing = 0;
    let round = 0;
    for (; round < roundsOf(10, sharing < 2 * round); round++) {
      recordLog();
      const ids = await queueMany(60);
      releaseTogether('SKIP LOCKED', 8);
      const sent: OutgoingMail[] = [];
      const results = await Promise.all(Array.from({ length: 8 }, () => deliverDueMails(deliveryTo(sent))));
      vi.restoreAllMocks();
      expect(sent.map(({ idempotencyKey }) => idempotencyKey).toSorted()).toEqual(ids.toSorted());
      expect(results.map(({ failed, failure }) => [failed, failure])).toEqual(Array(8).fill([0, undefined]));
      sharing += results.filter(({ sent: count }) => count > 0).length;
      const [row] = await run<{ count: number }>(
        client,
        sql`
        SELECT count(*)::int AS count FROM mail_outbox WHERE outcome = 'sent' AND sealed IS NULL AND attempts = 1`,
      );
      expect(row?.count).toBe(60 * (round + 1));
    }
    // Several had a share, or this was no race.
    expect(sharing).toBeGreaterThan(1.5 * round);
  });

  test('by cron and after the answer never send the same mail', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      recordLog();
      const operationId = crypto.randomUUID();
      const ids = await queueMany(3, operationId);
      releaseTogether('AND m.finished_at IS NULL AND m.next_attempt_at', 3, headStartOf(round));
      const sent: OutgoingMail[] = [];
      const delivery = deliveryTo(sent);
      await Promise.all([
        deliverMailsOfOperation(delivery, operationId, operationId),
        deliverMailsOfOperation(delivery, operationId, operationId),
        deliverDueMails(delivery),
      ]);
      vi.restoreAllMocks();
      expect(sent.map(({ idempotencyKey }) => idempotencyKey).toSorted()).toEqual(ids.toSorted());
    }
  });

  test('send what a clean-up seals anew at the same moment, each mail exactly once and whole (EML-12, SUP-04)', async () => {
    const current = randomSecret();
    const renewed = new TestClient({
      ...{ AUTH_SECRET: current },
      AUTH_SECRET_PREVIOUS: String(client.env.AUTH_SECRET),
    });
    const keyring = keyringOf(renewed);
    let resealed = 0;
    for (let round = 0; round < roundsOf(20); round++) {
      recordLog();
      const ids = await queueMany(40);
      // What takes a mail to send it against what replaces its content.
      releaseTogether('mail_outbox', 2, headStartOf(round));
      const sent: OutgoingMail[] = [];
      const delivery = { ...deliveryTo(sent), keyring };
      const [first, count] = await Promise.all([
        deliverDueMails(delivery),
        resealMails.runBatch(openForFlow(), 500, keyring),
      ]);
      vi.restoreAllMocks();
      // What is being sealed at that moment is passed over, and sent by the next run.
      const next = await deliverDueMails(delivery);
      for (const result of [first, next]) expect(result).toMatchObject({ failed: 0, failure: undefined });
      expect(first.sent + next.sent).toBe(40);
      expect(sent.map(({ idempotencyKey }) => idempotencyKey).toSorted()).toEqual(ids.toSorted());
      for (const { data } of sent) expect(data).toMatchObject({ token });
      const rows = await run(
        client,
        sql`SELECT id FROM mail_outbox WHERE outcome IS NULL OR sealed IS NOT NULL`,
      );
      expect(rows).toEqual([]);
      resealed += count;
    }
    // It found some before they were sent, or this was no race.
    expect(resealed).toBeGreaterThan(0);
  });

  test('skip what another one is claiming at this moment, instead of waiting for it', async () => {
    const ids = await queueMany(3);
    const held = sql`SELECT id FROM mail_outbox WHERE id = ${ids[0]}::uuid FOR NO KEY UPDATE`;
    await holdRows([held], async () => {
      const startedAt = Date.now();
      const claimed = await leaseDueMails(openForFlow(), 20);
      expect(Date.now() - startedAt).toBeLessThan(500);
      expect(claimed.map(({ id }) => id).toSorted()).toEqual(ids.slice(1).toSorted());
    });
  });
});

describe('a run', { timeout: 60_000 }, () => {
  test('that dies with a mail in its hands leaves it to another one, under its key, once the lease is over', async () => {
    recordLog();
    const [id] = await queueMany(1);
    const sent: OutgoingMail[] = [];
    const [claimed] = await leaseDueMails(openForFlow(), 20);
    expect(claimed?.id).toBe(id);
    await deliverDueMails(deliveryTo(sent));
    expect(sent).toEqual([]);
    await run(client, sql`UPDATE mail_outbox SET next_attempt_at = now()`);
    await deliverDueMails(deliveryTo(sent));
    expect(sent.map(({ idempotencyKey }) => idempotencyKey)).toEqual([id]);
  });

  test('whose lease ends while it sends, and the one that comes next, finish one row once', async () => {
    recordLog();
    const [id] = await queueMany(1);
    const sent: OutgoingMail[] = [];
    const second = deliveryTo(sent);
    const first = deliveryTo(sent, async () => {
      await run(client, sql`UPDATE mail_outbox SET next_attempt_at = now()`);
      await deliverDueMails(second);
    });
    await deliverDueMails(first);
    expect(new Set(sent.map(({ idempotencyKey }) => idempotencyKey))).toEqual(new Set([id]));
    const rows = await run(client, sql`SELECT outcome, attempts FROM mail_outbox`);
    expect(rows).toEqual([{ outcome: 'sent', attempts: 2 }]);
  });
});

slowRaces('an outbox of 60,000 rows', { timeout: 60_000 }, () => {
  beforeEach(async () => {
    await run(
      client,
      sql`
      INSERT INTO mail_outbox (id, kind, recipient, request_id, facts, expires_at, next_attempt_at, finished_at, outcome)
      SELECT gen_random_uuid(), 'password_changed', 'x@example.com', gen_random_uuid(), CASE WHEN n > 50000 THEN '{}'::jsonb END,
        now() + interval '1 hour' + n * interval '1 millisecond', now() + interval '30 minutes' + n * interval '1 millisecond',
        CASE WHEN n <= 50000 THEN now() - n * interval '1 millisecond' END, CASE WHEN n <= 50000 THEN 'sent' END
      FROM generate_series(1, 60000) n`,
    );
    await run(client, sql`ANALYZE mail_outbox`);
  }, 60_000);

  const nobody = crypto.randomUUID();

  test('is asked by index for the mails of a request, also while 10,000 others are due', async () => {
    recordLog();
    await run(
      client,
      sql`UPDATE mail_outbox SET next_attempt_at = next_attempt_at - interval '1 hour' WHERE finished_at IS NULL`,
    );
    await run(client, sql`ANALYZE mail_outbox`);
    const [plan = []] = await plansOf(databaseUrl(), async () => {
      await deliverMailsOfOperation(deliveryTo([]), nobody, nobody);
      return { roundTrips: 1 } as Answer;
    });
    expectIndexed(plan);
    expect(plan.map((node) => node['Index Name'])).toContain('mail_outbox_operation_idx');
  });

  test.each<[string, (delivery: MailDelivery) => Promise<unknown>, readonly string[]]>([
    [
      'what is due',
      (delivery) => deliverDueMails(delivery),
      ['mail_outbox_expiring_idx', 'mail_outbox_due_idx'],
    ],
    [
      'finished mails',
      ({ openDatabase: open }) => deleteFinishedMails(open(), 1000),
      ['mail_outbox_finished_idx'],
    ],
    [
      'expired mails',
      ({ openDatabase: open }) => giveUpExpiredMails(open(), 1000),
      ['mail_outbox_expiring_idx'],
    ],
    ['a mail to finish', ({ openDatabase: open }) => finishMail(open(), nobody), ['mail_outbox_pkey']],
    ['mails to return', ({ openDatabase: open }) => returnMails(open(), [nobody]), ['mail_outbox_pkey']],
  ])('is asked by index for %s', async (_name, ask, indexes) => {
    recordLog();
    const plans = await plansOf(databaseUrl(), async () => {
      await ask(deliveryTo([]));
      return { roundTrips: indexes.length } as Answer;
    });
    for (const [number, plan] of plans.entries()) {
      expectIndexed(plan);
      const scan = plan.find((node) => node['Index Name'] === indexes[number]);
      // A scan that only takes the order of an index would read all of it.
      expect(scan?.['Index Cond'], indexes[number]).toMatch(/^\((id|\w+_at) (=|<=|= ANY) /);
    }
  });
});
