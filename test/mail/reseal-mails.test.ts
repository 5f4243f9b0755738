import { beforeEach, describe, expect, test } from 'vitest';
import { runScheduled } from '../../src/app.ts';
import { open as openSealed } from '../../src/crypto/seal.ts';
import type { Database } from '../../src/db/client.ts';
import { sql } from '../../src/db/sql.ts';
import { finishMail, leaseDueMails, resealMails } from '../../src/mail/outbox.sql.ts';
import { recordLog } from '../contract/recorded-log.ts';
import { TestClient } from '../support/client.ts';
import { openForFlow } from '../support/database.ts';
import { randomSecret } from '../support/test-env.ts';
import { mailProvider } from './mail-provider.ts';
import { keyringOf, makeDue, queue, rowOf, run, token } from './outbox-rows.ts';

const [oldSecret, newSecret] = [randomSecret(), randomSecret()];

const before = new TestClient({ AUTH_SECRET: oldSecret });
const during = new TestClient({ AUTH_SECRET: newSecret, AUTH_SECRET_PREVIOUS: oldSecret });
const after = new TestClient({ AUTH_SECRET: newSecret });

beforeEach(async () => void (await run(before, sql`DELETE FROM mail_outbox`)));

async function sealedOf(id: string): Promise<string | null> {
  return (await rowOf(before, id)).sealed;
}

/** What the service at this step of the rotation reads in a mail. */
async function contentIn(client: TestClient, id: string): Promise<string | null> {
  const place = JSON.stringify(['mail_outbox', id, 'verify_email', 'reader@example.com']);
  return openSealed(keyringOf(client), (await sealedOf(id)) ?? '', place);
}

/** Runs the clean-up of the whole service, and answers what it logs about sealed mails. */
async function cleanUp(client: TestClient): Promise<Record<string, unknown>> {
  const lines = recordLog();
  await runScheduled({ cron: '0 2 * * *' }, client.env);
  return lines.map((line) => JSON.parse(line)).find(({ rows }) => rows === 'mail_outbox.sealed');
}

describe('while AUTH_SECRET is being replaced, the clean-up', () => {
  test('seals waiting mails with the new secret, and says when none needs the old one (SUP-04)', async () => {
    const old = await Promise.all([queue(before), queue(before)]);
    const fresh = await queue(during);
    const freshText = await sealedOf(fresh);
    for (const id of old) expect(await contentIn(after, id)).toBeNull();

    expect(await cleanUp(during)).toMatchObject({ renewed: 2, isComplete: true, sealedWithPrevious: 0 });
    for (const id of [...old, fresh]) expect(await contentIn(after, id)).toContain(token);
    expect(await sealedOf(fresh)).toBe(freshText);
    expect(await cleanUp(during)).toMatchObject({ renewed: 0, sealedWithPrevious: 0 });

    const provider = await mailProvider();
    const delivering = { ...after.env, MAIL_TRANSPORT: 'http', MAIL_HTTP_URL: provider.url };
    await makeDue(before);
    await runScheduled({ cron: '*/5 * * * *' }, delivering);
    expect((await provider.received()).map(({ key }) => key).toSorted()).toEqual([...old, fresh].toSorted());
  });

  test('counts what it cannot open, so that nobody takes the old secret for done with', async () => {
    const [broken, whole] = [await queue(before), await queue(before)];
    await run(before, sql`UPDATE mail_outbox SET recipient = 'other@example.com' WHERE id = ${broken}::uuid`);
    expect(await cleanUp(during)).toMatchObject({ renewed: 1, isComplete: true, sealedWithPrevious: 1 });
    expect(await contentIn(after, whole)).toContain(token);
  });

  test('works in batches', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, () => queue(before)));
    const keyring = keyringOf(during);
    const counts = [];
    for (let batch = 0; batch < 3; batch++)
      counts.push(await resealMails.runBatch(openForFlow(), 2, keyring));
    expect(counts).toEqual([2, 2, 1]);
    for (const id of ids) expect(await contentIn(after, id)).toContain(token);
  });

  test('does not bring back the content of a mail that was sent meanwhile (SES-02)', async () => {
    const [sent, waiting] = [await queue(before), await queue(before)];
    const db = openForFlow();
    const slow = {
      ...{ batch: db.batch.bind(db), roundTrips: 0, waitedMs: 0 },
      query: async (name: string, ...rest: [never, never]) => {
        const rows = await db.query(name, ...rest);
        if (name === 'reseal-mails') await finishMail(openForFlow(), sent);
        return rows;
      },
    } as Database;
    await resealMails.runBatch(slow, 10, keyringOf(during));
    expect(await rowOf(before, sent)).toMatchObject({ outcome: 'sent', sealed: null });
    expect(await contentIn(after, waiting)).toContain(token);
  });

  test('leaves a mail that is being sent as readable as it was, and its lease (EML-12)', async () => {
    const id = await queue(before);
    const [claimed] = await leaseDueMails(openForFlow(), 20);
    await cleanUp(during);
    expect(claimed?.id).toBe(id);
    expect(await leaseDueMails(openForFlow(), 20)).toEqual([]);
    expect(await contentIn(after, id)).toContain(token);
    expect(await rowOf(before, id)).toMatchObject({ attempts: 1, outcome: null });
  });
});

describe('without an AUTH_SECRET_PREVIOUS, the clean-up', () => {
  test('asks the database nothing about it, and says nothing of it', async () => {
    const id = await queue(before);
    const text = await sealedOf(id);
    const db = openForFlow();
    const keyring = keyringOf(after);
    expect(await resealMails.runBatch(db, 10, keyring)).toBe(0);
    expect(await resealMails.countLeft(db, keyring)).toEqual({});
    expect(db.roundTrips).toBe(0);
    expect(await cleanUp(after)).not.toHaveProperty('sealedWithPrevious');
    expect(await sealedOf(id)).toBe(text);
  });
});
