import { beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { withoutReference } from '../../contract/expect-page.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { queue, run, token } from '../../mail/outbox-rows.ts';
import { TestClient } from '../../support/client.ts';
import { faultyEndpoint } from '../../support/database.ts';
import { linksOf, mainOf } from '../../support/shown-page.ts';
import { baseUrl, randomSecret } from '../../support/test-env.ts';

const client = new TestClient();

beforeEach(async () => void (await run(client, sql`DELETE FROM mail_outbox`)));

describe('GET /dev/outbox', () => {
  test('says what to do while there is no mail', async () => {
    const shown = await client.get('/dev/outbox');
    const { status, text, headers } = shown;
    expect(status).toBe(200);
    expect(headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(text).toContain('There is no mail yet. Register an account');
    expect(mainOf(shown)).not.toContain('<a ');
  });

  test('lists the newest 50 mails, newest first, in one round trip', async () => {
    const ids: string[] = [];
    for (let number = 0; number < 52; number++)
      ids.push(await queue(client, { recipient: `reader-${number}@example.com` }));
    await run(
      client,
      sql`UPDATE mail_outbox SET created_at = now() - interval '1 hour' WHERE id = ${ids[51]}::uuid`,
    );
    const { text, roundTrips } = await client.get('/dev/outbox');
    expect(roundTrips).toBe(1);
    const listed = [...text.matchAll(/href="\/dev\/outbox\/([^"]+)">([^<]*)</g)];
    expect(listed.map(([, id]) => id)).toEqual(ids.slice(1, 51).toReversed());
    expect(listed[0]![2]).toBe('Confirm your e-mail address');
    expect(text).toContain('to reader-50@example.com, verify_email, ');
    expect(text).not.toContain(token);
  });

  test('leaves out mails that are finished, and those that were sealed with an earlier secret', async () => {
    const [finished, readable] = [await queue(client), await queue(client)];
    await queue(new TestClient({ AUTH_SECRET: randomSecret() }));
    await run(
      client,
      sql`
      UPDATE mail_outbox SET outcome = 'sent', finished_at = now(), sealed = NULL WHERE id = ${finished}::uuid`,
    );
    const { text } = await client.get('/dev/outbox');
    expect([...text.matchAll(/outbox\/([^"]+)"/g)].map(([, id]) => id)).toEqual([readable]);
    expect((await client.get(`/dev/outbox/${finished}`)).status).toBe(404);
  });

  test('is still readable when a mail is of a kind that this version does not know', async () => {
    await run(
      client,
      sql`
      INSERT INTO mail_outbox (id, kind, recipient, request_id, facts, expires_at)
      VALUES (gen_random_uuid(), 'of_later', 'x@example.com', gen_random_uuid(), '{}', now() + interval '1 hour')`,
    );
    const id = await queue(client);
    const { status, text } = await client.get('/dev/outbox');
    expect(status).toBe(200);
    expect(text).toContain(id);
  });
});

describe('GET /dev/outbox/:id', () => {
  test('shows the code of a mail that has one', async () => {
    const id = await queue(client, { kind: 'reauthentication_code', token: '01234567' });
    const { status, text } = await client.get(`/dev/outbox/${id}`);
    expect(status).toBe(200);
    expect(text).toContain('01234567');
    expect(text).not.toContain('Follow the link');
  });

  test('shows the mail with its text and a link that works', async () => {
    const id = await queue(client, { locale: 'de' });
    const shown = await client.get(`/dev/outbox/${id}`);
    const { status, text, roundTrips } = shown;
    expect(status).toBe(200);
    expect(roundTrips).toBe(1);
    const url = `${baseUrl}/auth/verify-email?token=${token}`;
    expect(linksOf(shown)).toEqual({ 'Follow the link': url, 'All mails': '/dev/outbox' });
    expect(text).toMatch(/<pre>Bitte bestätigen Sie[^<]*<\/pre>/);
    expect(text).toContain('To reader@example.com, verify_email, ');
  });

  test('shows a notice, which has no link', async () => {
    const id = await queue(client, { kind: 'two_factor_disabled' });
    const shown = await client.get(`/dev/outbox/${id}`);
    expect(shown.status).toBe(200);
    expect(linksOf(shown)).toEqual({ 'All mails': '/dev/outbox' });
  });

  test('is not found for an unknown id or what is none, without asking the database for the latter', async () => {
    const unknown = await client.get(`/dev/outbox/${crypto.randomUUID()}`);
    const none = await client.get('/dev/outbox/nothing');
    expect([unknown.status, none.status]).toEqual([404, 404]);
    expect([unknown.roundTrips, none.roundTrips]).toEqual([1, 0]);
    expect(none.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
  });
});

test('a database that is down is 503 on either page', async () => {
  recordLog();
  const { endpoint } = await faultyEndpoint({ always: 'refuse' });
  const failing = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint });
  for (const path of ['/dev/outbox', `/dev/outbox/${crypto.randomUUID()}`])
    expect((await failing.get(path)).status).toBe(503);
});

describe('where mails are sent, or somebody else is served', () => {
  test.each<[name: string, overrides: Record<string, string>]>([
    ['production', { ENVIRONMENT: 'production' }],
    ['development with the transport log', { MAIL_TRANSPORT: 'log' }],
    ['development with the transport http', { MAIL_TRANSPORT: 'http', MAIL_HTTP_URL: 'http://127.0.0.1:1/' }],
  ])('%s answers both pages like an unknown path (LOG-09)', async (_name, overrides) => {
    const id = await queue(client);
    const served = new TestClient(overrides);
    const unknown = await served.get('/dev/unknown');
    for (const path of ['/dev/outbox', `/dev/outbox/${id}`]) {
      const answer = await served.get(path);
      expect(answer.status).toBe(404);
      expect(answer.roundTrips).toBe(0);
      expect(withoutReference(answer.text)).toBe(withoutReference(unknown.text));
    }
  });

  test('production does so for every method, so that no Allow tells that there is a page', async () => {
    const served = new TestClient({ ENVIRONMENT: 'production' });
    for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await served.call(method, '/dev/outbox');
      expect(status, method).toBe(404);
      expect(headers.get('Allow')).toBeNull();
      expect(headers.get('RateLimit')).toBe(
        (await served.call(method, '/dev/unknown')).headers.get('RateLimit'),
      );
    }
  });
});
