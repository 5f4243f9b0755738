import { afterEach, describe, expect, test, vi } from 'vitest';
import { HashSemaphore } from '../src/hashing/hash-semaphore.ts';

const never = () => new Promise<never>(() => undefined);

/** How often work began, and how much of it was under way at once. */
function counter() {
  const seen = { begun: 0, atOnce: 0, atOnceMost: 0 };
  const work = async () => {
    seen.begun += 1;
    seen.atOnce += 1;
    seen.atOnceMost = Math.max(seen.atOnceMost, seen.atOnce);
    await scheduler.wait(1);
    seen.atOnce -= 1;
  };
  return { seen, work };
}

function outcomes(all: readonly PromiseSettledResult<unknown>[]) {
  const refused = all.filter((one) => one.status === 'rejected');
  return { done: all.length - refused.length, refused: refused.map(({ reason }) => reason.code) };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('hashes in one isolate (HSH-10)', () => {
  test('are at most two at once, with 32 waiting; the rest is refused at once', async () => {
    const semaphore = new HashSemaphore();
    const { seen, work } = counter();
    const all = await Promise.allSettled(Array.from({ length: 100 }, () => semaphore.run(work)));
    expect(outcomes(all)).toEqual({ done: 34, refused: Array(66).fill('overloaded') });
    expect(seen).toMatchObject({ begun: 34, atOnceMost: 2 });
  });

  test('are refused before they cost anything while the queue is full', async () => {
    const semaphore = new HashSemaphore();
    const busy = Array.from({ length: 33 }, () => semaphore.run(async () => undefined));
    expect(() => semaphore.requireRoom()).not.toThrow();
    busy.push(semaphore.run(async () => undefined));
    expect(() => semaphore.requireRoom()).toThrow('overloaded');
    await Promise.all(busy);
    expect(() => semaphore.requireRoom()).not.toThrow();
  });

  test('release their permit and their admission when they fail', async () => {
    const semaphore = new HashSemaphore();
    for (let round = 0; round < 40; round++) {
      await expect(semaphore.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    }
    await expect(semaphore.run(async () => 'done')).resolves.toBe('done');
  });

  test('of requests that were cancelled fall free after 5 seconds (T26)', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const semaphore = new HashSemaphore();
    for (let index = 0; index < 34; index++) void semaphore.run(never).catch(() => undefined);
    await expect(semaphore.run(async () => 'done')).rejects.toThrow('overloaded');
    vi.setSystemTime(Date.now() + 5001);
    await expect(semaphore.run(async () => 'done')).resolves.toBe('done');
  });

  test('that get no permit within 5 seconds are refused (T26)', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const semaphore = new HashSemaphore();
    for (let index = 0; index < 2; index++) void semaphore.run(never);
    vi.setSystemTime(Date.now() + 1000);
    const waiting = Array.from({ length: 4 }, () => semaphore.run(never).catch((error) => error.code));
    vi.setSystemTime(Date.now() + 4001);
    // Two of them take the permits that fell free, and keep them.
    await scheduler.wait(50);
    vi.setSystemTime(Date.now() + 1000);
    const refused = Promise.all([Promise.race(waiting), Promise.race(waiting.toReversed())]);
    expect(await refused).toEqual(['overloaded', 'overloaded']);
  });

  test('leave others their turn between them', async () => {
    const semaphore = new HashSemaphore();
    const order: string[] = [];
    const hashes = Array.from({ length: 8 }, () => semaphore.run(async () => void order.push('hash')));
    const other = scheduler.wait(0).then(() => order.push('other'));
    await Promise.all([...hashes, other]);
    expect(order.indexOf('other')).toBeLessThanOrEqual(2);
  });
});
