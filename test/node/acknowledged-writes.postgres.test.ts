import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { type FragileService, startFragileService } from '../support/node/fragile-service.ts';
import { Ledger } from '../support/node/ledger.ts';
import { randomFaults, seededRandom } from '../support/node/random-faults.ts';
import { liveRestlessly } from '../support/node/restless-person.ts';
import { slowRaces } from '../support/slow.ts';

const personCount = 6;
const loadMs = 12_000;
const restarts = 2;
/** A quarter of what two cores do. */
const acknowledgedMin = 60;
/** Of the faults and of what each person does; the order in which their requests meet is the machine's. */
const seed = 6;

let service: FragileService;
let ledger: Ledger;
let restarted = 0;

beforeAll(async () => {
  service = await startFragileService({ connections: personCount, databaseTimeoutMs: 800 });
  ledger = new Ledger(service.client);
  service.setFaults(randomFaults(seededRandom(seed), 20_000));
  const endsAt = Date.now() + loadMs;
  const people = Array.from({ length: personCount }, (_, number) => {
    const random = seededRandom(seed + 1 + number);
    return liveRestlessly({ name: `person-${number}`, ledger, random }, () => Date.now() > endsAt);
  });
  const outcomes = await Promise.allSettled([...people, restartNowAndThen()]);
  service.setFaults({ always: 'pass' });
  const failures = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  if (failures.length > 0) throw new AggregateError(failures, 'the load did not come to its end');
}, 120_000);
afterAll(() => service?.close());

async function restartNowAndThen(): Promise<void> {
  for (let count = 0; count < restarts; count++) {
    await setTimeout(loadMs / (restarts + 1));
    await service.restartPostgres();
    restarted++;
  }
}

slowRaces('writes under lost answers, silence and two crashes of PostgreSQL', () => {
  test('are many, and some requests are answered 503', () => {
    expect(restarted).toBe(restarts);
    expect(ledger.acknowledgedCount).toBeGreaterThan(acknowledgedMin);
    expect(ledger.unavailableCount).toBeGreaterThan(0);
  });

  test('are answered with nothing but success and 503 (DBF-03)', () => {
    expect(ledger.surprises).toEqual([]);
  });

  test('leave every refresh token good that was acknowledged last (DBF-06)', async () => {
    const lost = [];
    for (const { email, tokens } of ledger.accounts) {
      if (tokens === null) continue;
      const reply = await ledger.insist({ path: '/refresh', body: { refreshToken: tokens.refreshToken } });
      if (reply.status !== 200) lost.push({ email, reply });
    }
    expect(lost).toEqual([]);
  });

  test('leave every session ended whose end was acknowledged (DBF-06)', async () => {
    const alive = [];
    for (const { email, endedTokens } of ledger.accounts) {
      for (const refreshToken of endedTokens) {
        const reply = await ledger.insist({ path: '/refresh', body: { refreshToken } });
        if (reply.status !== 401) alive.push({ email, reply });
      }
    }
    expect(alive).toEqual([]);
  });

  test('leave every account with the password that was acknowledged last, or one of two in doubt (DBF-06)', async () => {
    const lost = [];
    for (const { email, passwords } of ledger.accounts) {
      const statuses = [];
      for (const password of passwords) {
        const body = { email, password, transport: 'body' };
        statuses.push((await ledger.insist({ path: '/login', body })).status);
      }
      if (statuses.filter((status) => status === 200).length !== 1) lost.push({ email, statuses });
    }
    expect(lost).toEqual([]);
  }, 60_000);

  test('each have their event (DBF-06, LOG-08)', async () => {
    const rows = await service.database.query<{ type: string; request_id: string }>(
      sql`SELECT type, request_id FROM security_events WHERE outcome = 'success'`,
    );
    const recorded = new Set(rows.map(({ type, request_id }) => `${type} ${request_id}`));
    const missing = ledger.events.filter(
      ({ type, requestIds }) => !requestIds.some((id) => recorded.has(`${type} ${id}`)),
    );
    expect(missing).toEqual([]);
  });
});
