import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Remembered } from '../../../src/features/social/outbound/remembered.ts';

const ages = { fresh: 600, stale: 3600 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function pass(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

/** What is asked: it answers with how often it has been, or fails while `isDown`. */
function source() {
  const state = { isDown: false, calls: 0 };
  const load = async () => {
    state.calls += 1;
    if (state.isDown) throw new Error(`down ${state.calls}`);
    return state.calls;
  };
  return { state, load };
}

describe('a remembered value', () => {
  test('is asked for once while it is fresh, and anew after that', async () => {
    const values = new Remembered<number>(ages);
    const { state, load } = source();
    expect(await values.get('a', load)).toBe(1);
    pass(599);
    expect(await values.get('a', load)).toBe(1);
    pass(2);
    expect(await values.get('a', load)).toBe(2);
    expect(state.calls).toBe(2);
  });

  test('is one under each name', async () => {
    const values = new Remembered<string>(ages);
    expect(await values.get('a', async () => 'of a')).toBe('of a');
    expect(await values.get('b', async () => 'of b')).toBe('of b');
    expect(await values.get('__proto__', async () => 'of __proto__')).toBe('of __proto__');
    expect(await values.get('a', async () => 'another')).toBe('of a');
  });

  test('is used a while longer where asking fails, and then no more', async () => {
    const values = new Remembered<number>(ages);
    const { state, load } = source();
    await values.get('a', load);
    state.isDown = true;
    pass(601);
    expect(await values.get('a', load)).toBe(1);
    pass(2900);
    expect(await values.get('a', load)).toBe(1);
    pass(100);
    await expect(values.get('a', load)).rejects.toThrow('down');
  });

  test('that is not the wanted one is asked for anew at most once in a minute', async () => {
    const values = new Remembered<number>(ages);
    const { state, load } = source();
    const isUsable = (value: number) => value >= 10;
    await values.get('a', load);
    for (let n = 0; n < 59; n++) {
      pass(1);
      expect(await values.get('a', load, isUsable)).toBe(1);
    }
    expect(state.calls).toBe(1);
    pass(1);
    for (let n = 0; n < 50; n++) expect(await values.get('a', load, isUsable)).toBe(2);
    expect(state.calls).toBe(2);
    pass(61);
    expect(await values.get('a', load, isUsable)).toBe(3);
  });

  test('that is not the wanted one is still the answer where asking fails', async () => {
    const values = new Remembered<number>(ages);
    const { state, load } = source();
    await values.get('a', load);
    state.isDown = true;
    pass(61);
    expect(await values.get('a', load, () => false)).toBe(1);
    expect(await values.get('a', load, () => false)).toBe(1);
    expect(state.calls).toBe(2);
  });

  test('is one of 64 at most: the one that was asked for longest ago goes', async () => {
    const values = new Remembered<number>(ages);
    const { state, load } = source();
    for (let n = 0; n < 65; n++) await values.get(`name-${n}`, load);
    await values.get('name-64', load);
    await values.get('name-1', load);
    expect(state.calls).toBe(65);
    await values.get('name-0', load);
    expect(state.calls).toBe(66);
  });
});

describe('a failure (DBF-17)', () => {
  test('is the answer for five seconds without asking again, and then the next request asks', async () => {
    const values = new Remembered<number>(ages);
    const { state, load } = source();
    state.isDown = true;
    await expect(values.get('a', load)).rejects.toThrow('down 1');
    state.isDown = false;
    pass(4.9);
    await expect(values.get('a', load)).rejects.toThrow('down 1');
    expect(state.calls).toBe(1);
    pass(0.2);
    expect(await values.get('a', load)).toBe(2);
    expect(await values.get('a', load)).toBe(2);
  });

  test('of one name keeps no other from being asked for', async () => {
    const values = new Remembered<number>(ages);
    const { load } = source();
    const failing = async () => Promise.reject(new Error('down'));
    await expect(values.get('a', failing)).rejects.toThrow('down');
    expect(await values.get('b', load)).toBe(1);
  });

  test('that comes again begins a pause of its own, however long it goes on', async () => {
    const values = new Remembered<number>(ages);
    const { state, load } = source();
    state.isDown = true;
    for (let n = 1; n <= 20; n++) {
      await expect(values.get('a', load)).rejects.toThrow(`down ${n}`);
      await expect(values.get('a', load)).rejects.toThrow(`down ${n}`);
      pass(5.1);
    }
    state.isDown = false;
    expect(await values.get('a', load)).toBe(21);
  });

  test('is forgotten by a success of a request that began before: no pause is left of it', async () => {
    const values = new Remembered<number>({ fresh: 1, stale: 1 });
    const { promise, resolve } = Promise.withResolvers<number>();
    const first = values.get('a', () => promise);
    await expect(values.get('a', async () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    resolve(7);
    expect(await first).toBe(7);
    pass(2);
    expect(await values.get('a', async () => 8)).toBe(8);
  });
});

describe('a request that never ends (T21)', () => {
  const never = () => new Promise<never>(() => undefined);

  test('keeps no other one waiting: no promise is shared', async () => {
    const values = new Remembered<number>(ages);
    void values.get('a', never);
    const { load } = source();
    expect(await values.get('a', load)).toBe(1);
    expect(await values.get('a', never)).toBe(1);
  });

  test('leaves a stale value and a failure as they were', async () => {
    const values = new Remembered<number>(ages);
    const { state, load } = source();
    await values.get('a', load);
    pass(601);
    void values.get('a', never);
    expect(await values.get('a', load)).toBe(2);
    state.isDown = true;
    pass(601);
    expect(await values.get('a', load)).toBe(2);
  });

  test('asks for itself, as all that come at once do', async () => {
    const values = new Remembered<number>(ages);
    const { state, load } = source();
    await Promise.all(Array.from({ length: 5 }, () => values.get('a', load)));
    expect(state.calls).toBe(5);
    await values.get('a', load);
    expect(state.calls).toBe(5);
  });
});
