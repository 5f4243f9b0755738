import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type CleanUp, type CleanUpRun, runCleanUps } from '../src/clean-up/clean-up.ts';
import type { Config } from '../src/config.ts';
import { createKeyring } from '../src/crypto/keyring.ts';
import type { Database } from '../src/db/client.ts';
import { recordLog } from './contract/recorded-log.ts';

const view = {} as Database;
const secret = () => crypto.getRandomValues(new Uint8Array(32));
const keyring = createKeyring(secret(), secret());

/** A run of so many milliseconds on a database that no test asks. */
function runFor(runMs: number): CleanUpRun {
  return { openView: () => view, keyring, credentials: [], config: {} as Config, runMs };
}

/** Rows that are done with batch by batch, as many as are said. */
function rowsWith(batches: readonly number[]): CleanUp & { readonly limits: number[] } {
  const limits: number[] = [];
  return {
    rows: 'planted',
    change: 'deleted',
    limits,
    runBatch: async (_db, limit) => {
      limits.push(limit);
      return batches[limits.length - 1] ?? 0;
    },
  };
}

describe('a clean-up', () => {
  test('takes batches until one is not full, and says in the log how many rows and batches it had', async () => {
    const lines = recordLog();
    const planted = rowsWith([500, 1000, 2000, 2000, 7, 2000]);
    const results = await runCleanUps([planted], runFor(10_000));
    expect(results).toEqual([{ rows: 'planted', count: 5507, failure: undefined }]);
    expect(planted.limits).toEqual([500, 1000, 2000, 2000, 2000]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      event: 'clean_up_finished',
      rows: 'planted',
      deleted: 5507,
      batches: 5,
      isComplete: true,
    });
  });

  test('opens a view of the database for each batch, so that no budget of a request ends the run', async () => {
    recordLog();
    let opened = 0;
    const open = () => {
      opened += 1;
      return view;
    };
    await runCleanUps([rowsWith([500, 1000, 0])], { ...runFor(10_000), openView: open });
    expect(opened).toBe(3);
  });

  test('begins no batch when its time is over, and says that rows are left (CRN-04)', async () => {
    const lines = recordLog();
    const endless: CleanUp = {
      rows: 'endless',
      change: 'deleted',
      runBatch: async (_db, limit) => {
        await scheduler.wait(20);
        return limit;
      },
    };
    const startedAt = Date.now();
    const [result] = await runCleanUps([endless], runFor(200));
    expect(Date.now() - startedAt).toBeLessThan(1000);
    expect(result?.count).toBeGreaterThanOrEqual(500);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ deleted: result?.count, isComplete: false });
  });

  test('takes smaller batches where one is slow, so that the database can answer in time (CRN-08)', async () => {
    recordLog();
    const limits: number[] = [];
    const slow: CleanUp = {
      rows: 'slow',
      change: 'deleted',
      runBatch: async (_db, limit) => {
        limits.push(limit);
        // The clock of a test does not move by itself.
        vi.advanceTimersByTime(limit > 300 ? 1001 : 10);
        return limits.length < 6 ? limit : 0;
      },
    };
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    await runCleanUps([slow], runFor(20_000));
    expect(limits).toEqual([500, 250, 500, 250, 500, 250]);
    limits.length = 0;
    await runCleanUps(
      [
        {
          ...slow,
          runBatch: async (_db, limit) => {
            limits.push(limit);
            vi.advanceTimersByTime(1001);
            return limit;
          },
        },
      ],
      runFor(5000),
    );
    expect(limits).toEqual([500, 250, 125, 125, 125]);
  });

  test('makes at most 100 calls for one kind, and says that rows are left', async () => {
    const lines = recordLog();
    let calls = 0;
    const endless: CleanUp = {
      rows: 'endless',
      change: 'deleted',
      runBatch: async (_db, limit) => {
        calls += 1;
        return limit;
      },
    };
    await runCleanUps([endless], runFor(10_000));
    expect(calls).toBe(100);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ batches: 100, isComplete: false });
  });

  test('may use the keyring, and says in the log what is left, of what did not fail (SUP-04)', async () => {
    const lines = recordLog();
    const given: unknown[] = [];
    const renewing: CleanUp = {
      rows: 'renewing',
      change: 'renewed',
      runBatch: async (_db, _limit, ring) => {
        given.push(ring);
        return 3;
      },
      countLeft: async (_db, ring) => {
        given.push(ring);
        return { madeWithPrevious: 7 };
      },
    };
    const unsure: CleanUp = {
      ...renewing,
      rows: 'unsure',
      countLeft: () => Promise.reject(new Error('refused')),
    };
    const results = await runCleanUps([renewing, unsure], runFor(1000));
    expect(given).toEqual([keyring, keyring, keyring]);
    expect(results.map(({ failure }) => failure)).toEqual([undefined, new Error('refused')]);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'clean_up_finished', rows: 'renewing', renewed: 3, isComplete: true, madeWithPrevious: 7 },
      { event: 'clean_up_failed', rows: 'unsure', renewed: 3 },
    ]);
  });

  test('that hangs or fails takes no time and no rows from the others (CRN-07)', async () => {
    const lines = recordLog();
    const failing: CleanUp = {
      rows: 'failing',
      change: 'shortened',
      runBatch: () => Promise.reject(new Error('refused')),
    };
    const hanging: CleanUp = {
      rows: 'hanging',
      change: 'deleted',
      runBatch: async () => {
        await scheduler.wait(400);
        throw new Error('timed out');
      },
    };
    const planted = rowsWith([500, 3]);
    const results = await runCleanUps([hanging, failing, planted], runFor(200));
    expect(results).toEqual([
      { rows: 'hanging', count: 0, failure: new Error('timed out') },
      { rows: 'failing', count: 0, failure: new Error('refused') },
      { rows: 'planted', count: 503, failure: undefined },
    ]);
    const failures = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error');
    expect(failures).toMatchObject([
      { event: 'clean_up_failed', rows: 'failing', shortened: 0, cause: { message: 'refused' } },
      { event: 'clean_up_failed', rows: 'hanging', deleted: 0, cause: { message: 'timed out' } },
    ]);
  });
});
