import { env } from 'cloudflare:test';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { recordLog } from '../contract/recorded-log.ts';
import { FakeKv, type KvFault } from './fake-kv.ts';
import { LimitedIsolate, minute, start } from './limited-isolate.ts';

const faults: KvFault[] = ['throw', 'hang', '429', 'stale'];
const oneSecond = 1000;

/** Stops the timers of this test; the result moves them on. */
function stoppedTimers(): (ms: number) => Promise<unknown> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  return (ms) => vi.advanceTimersByTimeAsync(ms);
}

describe('the limiter of one isolate', () => {
  test('lets exactly the quota pass, and refuses until the window ends (LIM-08)', async () => {
    const isolate = new LimitedIsolate();
    const told = [];
    for (let index = 0; index < 10; index++) told.push(await isolate.take({ now: start + 20_500 }));
    expect(told.map(({ isAllowed }) => isAllowed)).toEqual([...Array(8).fill(true), false, false]);
    expect(told.map(({ remaining }) => remaining)).toEqual([7, 6, 5, 4, 3, 2, 1, 0, 0, 0]);
    expect(told[9]).toEqual({
      isAllowed: false,
      quota: 8,
      windowSeconds: 60,
      remaining: 0,
      resetSeconds: 40,
    });
    expect(await isolate.take({ now: start + minute - 1 })).toMatchObject({
      isAllowed: false,
      resetSeconds: 1,
    });
    expect(await isolate.take({ now: start + minute })).toMatchObject({ isAllowed: true, remaining: 7 });
  });

  test('lets no more than the quota pass at once', async () => {
    const isolate = new LimitedIsolate({ kv: new FakeKv().binding });
    const told = await Promise.all(Array.from({ length: 200 }, () => isolate.take()));
    expect(told.filter(({ isAllowed }) => isAllowed)).toHaveLength(8);
  });

  test('has a budget for each class and each client', async () => {
    const isolate = new LimitedIsolate();
    expect(await isolate.takeMany(10)).toBe(8);
    expect(await isolate.takeMany(90, { class: 'general' })).toBe(80);
    expect(await isolate.takeMany(10, { ip: '203.0.113.8' })).toBe(8);
    expect(await isolate.takeMany(10, { ip: null })).toBe(8);
  });
});

describe('the network of an IPv6 client', () => {
  /** An address in this /64 of the /48 `2001:db8:1::/48`. */
  const inNetwork = (n: number, site = '1') => ({ ip: `2001:db8:${site}:${n.toString(16)}::1` });

  test('has ten times the quota of one client, whatever it is divided into (LIM-15)', async () => {
    const isolate = new LimitedIsolate();
    const allowed = [];
    for (let n = 0; n < 20; n++) allowed.push(await isolate.takeMany(6, inNetwork(n)));
    expect(allowed).toEqual([...Array(13).fill(6), 2, ...Array(6).fill(0)]);
    expect(await isolate.takeMany(10, inNetwork(0, '2'))).toBe(8);
    expect(await isolate.takeMany(10, { ip: '203.0.113.8' })).toBe(8);
    expect(await isolate.takeMany(1, { class: 'general', ...inNetwork(0) })).toBe(1);
    expect(await isolate.takeMany(1, { ...inNetwork(21), now: start + minute })).toBe(1);
  });

  test('tells a client what is left of the nearer budget, as its own (LIM-15)', async () => {
    const isolate = new LimitedIsolate();
    for (let n = 0; n < 10; n++) await isolate.takeMany(7, inNetwork(n));
    expect(await isolate.take(inNetwork(0))).toMatchObject({ isAllowed: true, quota: 8, remaining: 0 });
    await isolate.takeMany(5, inNetwork(11));
    expect(await isolate.take(inNetwork(12))).toMatchObject({ isAllowed: true, quota: 8, remaining: 3 });
  });

  test('loses nothing by what one client of it is refused (LIM-15)', async () => {
    const isolate = new LimitedIsolate();
    expect(await isolate.takeMany(500, inNetwork(1))).toBe(8);
    for (let n = 2; n <= 10; n++) expect(await isolate.takeMany(8, inNetwork(n))).toBe(8);
    expect(await isolate.takeMany(1, inNetwork(11))).toBe(0);
  });

  test('counts in all isolates together, by an HMAC (LIM-15)', async () => {
    const kv = new FakeKv();
    const [first, other] = [new LimitedIsolate({ kv: kv.binding }), new LimitedIsolate({ kv: kv.binding })];
    for (let n = 0; n < 50; n++) await first.takeMany(1, { ...inNetwork(n), now: start + n * oneSecond });
    // The other isolate has read of the first one's count once it has passed a quarter of the quota itself.
    let allowed = 0;
    for (let n = 100; n < 150; n++)
      allowed += await other.takeMany(1, { ...inNetwork(n), now: start + (n - 100) * oneSecond });
    expect(allowed).toBeLessThanOrEqual(40);
    const [mark] = kv.callsOf('put', 'rl:block:credential:');
    expect(mark).toMatch(/^put rl:block:credential:[\w-]{22}$/);
    // Whoever has not seen the network until a twentieth of its quota asks for the mark then.
    const third = new LimitedIsolate({ kv: kv.binding });
    expect(await third.takeMany(10, { ...inNetwork(200), now: start + 50 * oneSecond })).toBe(3);
  });

  test('costs at most five writes in a window, and its clients as many as fit into its quota (LIM-15)', async () => {
    const kv = new FakeKv();
    const isolate = new LimitedIsolate({ kv: kv.binding });
    const taken = [];
    // A second for every request that can write, so that the interval holds nothing back.
    for (let n = 0; n < 400; n++)
      taken.push(await isolate.takeMany(1, { ...inNetwork(n % 20), now: start + (n % 60) * 999 }));
    expect(taken.filter((allowed) => allowed === 1)).toHaveLength(80);
    const writes = new Map<string, number>();
    for (const call of kv.callsOf('put')) writes.set(keyIn(call), (writes.get(keyIn(call)) ?? 0) + 1);
    expect(Math.max(...writes.values())).toBeLessThanOrEqual(5);
    expect(kv.callsOf('put').length).toBeLessThanOrEqual(55);
    // Clients that appear once the network is refused cost nothing at all.
    kv.calls.length = 0;
    for (let n = 1000; n < 1100; n++) expect(await isolate.takeMany(1, inNetwork(n))).toBe(0);
    expect(kv.calls).toEqual([]);
  });

  test('makes no second count for IPv4 and for clients without an address', async () => {
    const kv = new FakeKv();
    const isolate = new LimitedIsolate({ kv: kv.binding });
    for (const ip of ['203.0.113.7', null]) expect(await isolate.takeMany(9, { ip })).toBe(8);
    expect(new Set(kv.calls.map(keyIn)).size).toBe(2);
  });
});

/** The key of the client, in a call of KV about its count or its mark. */
function keyIn(call: string): string {
  return /(?:credential|general):[\w-]{22}/.exec(call)?.[0] ?? call;
}

describe('isolates that share KV', () => {
  test('see what the others have counted: together the quota and a quarter each at most', async () => {
    const kv = new FakeKv().binding;
    const isolates = Array.from({ length: 4 }, () => new LimitedIsolate({ perMinute: 40, kv }));
    let allowed = 0;
    for (let round = 0; round < 60; round++) {
      for (const isolate of isolates) allowed += await isolate.takeMany(1, { now: start + round * 900 });
    }
    expect(allowed).toBeGreaterThanOrEqual(40);
    expect(allowed).toBeLessThanOrEqual(40 + 4 * 10);
  });

  test('count for themselves what is none of the others: no update is lost', async () => {
    const kv = new FakeKv();
    const [first, second] = [new LimitedIsolate({ kv: kv.binding }), new LimitedIsolate({ kv: kv.binding })];
    await Promise.all([first.takeMany(2), second.takeMany(2)]);
    const counts = [...kv.entries].filter(([name]) => name.startsWith('rl:count:'));
    expect(counts.map(([, { metadata }]) => metadata)).toEqual([{ count: 2 }, { count: 2 }]);
    // Four of eight are used, and both know it after their next exchange.
    await first.takeMany(2, { now: start + oneSecond });
    expect(await second.take({ now: start + oneSecond })).toMatchObject({ remaining: 3 });
  });

  test('refuse a client that one of them has marked, for one read of the mark and not before it is over', async () => {
    const kv = new FakeKv();
    const first = new LimitedIsolate({ kv: kv.binding });
    await first.takeMany(9, { now: start + 1 });
    const other = new LimitedIsolate({ kv: kv.binding });
    kv.calls.length = 0;
    expect(await other.takeMany(50, { now: start + 2 })).toBe(0);
    expect(kv.calls).toEqual([expect.stringMatching(/^get rl:block:credential:[\w-]{22}$/)]);
    expect(kv.getOptions.at(-1)).toEqual({ type: 'text', cacheTtl: 30 });
    expect(await other.takeMany(1, { now: start + minute })).toBe(1);
  });

  test('exchange at most once a second, and with a further quarter of the quota', async () => {
    const kv = new FakeKv();
    const isolate = new LimitedIsolate({ perMinute: 40, kv: kv.binding });
    const puts = () => kv.callsOf('put', 'rl:count:').length;
    await isolate.takeMany(9);
    expect(puts()).toBe(0);
    await isolate.takeMany(21);
    expect(puts()).toBe(1);
    await isolate.takeMany(1, { now: start + oneSecond - 1 });
    expect(puts()).toBe(1);
    await isolate.takeMany(1, { now: start + oneSecond });
    expect(puts()).toBe(2);
    await isolate.takeMany(1, { now: start + 2 * oneSecond });
    expect(puts()).toBe(2);
    expect(new Set(kv.callsOf('put')).size).toBe(1);
  });

  test('mark a blocked client once in a window', async () => {
    const kv = new FakeKv();
    const isolate = new LimitedIsolate({ kv: kv.binding });
    for (let at = 0; at < 30; at++) await isolate.takeMany(5, { now: start + at * oneSecond });
    expect(kv.callsOf('put', 'rl:block:')).toHaveLength(1);
    const [[, mark] = []] = [...kv.entries].filter(([name]) => name.startsWith('rl:block:'));
    expect(mark).toMatchObject({ value: String(start + minute), options: { expirationTtl: 60 } });
  });

  test('read the mark of a client that is not blocked once in 30 s', async () => {
    const kv = new FakeKv();
    const isolate = new LimitedIsolate({ perMinute: 1000, kv: kv.binding });
    for (const at of [0, 1, 29_999]) await isolate.takeMany(3, { now: start + at });
    expect(kv.callsOf('get')).toHaveLength(1);
    for (const at of [30_000, 59_999]) await isolate.takeMany(3, { now: start + at });
    expect(kv.callsOf('get')).toHaveLength(2);
    // Neither does a new window begin with a read.
    await isolate.takeMany(3, { now: start + minute });
    expect(kv.callsOf('get')).toHaveLength(3);
  });

  test('ask nothing for a general client below a twentieth of its quota, and wait for nothing above', async () => {
    const kv = new FakeKv('hang');
    const isolate = new LimitedIsolate({ perMinute: 20, kv: kv.binding });
    const general = { class: 'general' } as const;
    for (let index = 0; index < 9; index++) await isolate.take(general);
    expect(kv.calls).toEqual([]);
    stoppedTimers();
    expect(await isolate.take(general)).toMatchObject({ isAllowed: true });
    expect(kv.calls).toEqual([expect.stringMatching(/^get rl:block:general:/)]);
  });

  test('tell KV an HMAC, never an address (LIM-05)', async () => {
    const kv = new FakeKv();
    const isolate = new LimitedIsolate({ kv: kv.binding });
    for (const ip of ['203.0.113.7', '2001:db8:77:88::99', null]) await isolate.takeMany(9, { ip });
    const all = JSON.stringify([kv.calls, [...kv.entries]]);
    expect(kv.callsOf('put', 'rl:block:')).toHaveLength(3);
    expect(all).not.toMatch(/203\.0|113\.7|2001|db8|77:88|unknown/);
    // One of each client, and one of the network that the IPv6 client is in.
    expect(new Set(kv.callsOf('get')).size).toBe(4);
  });

  test('believe no mark beyond the window, and no count that is none', async () => {
    const kv = new FakeKv();
    const isolate = new LimitedIsolate({ kv: kv.binding });
    await isolate.take();
    const key = kv.callsOf('get')[0]!.slice('get '.length);
    const put = (name: string, value: string, metadata?: unknown) => kv.put(name, value, { metadata });
    await put(key, String(start + 100 * minute));
    const prefix = `${key.replace('rl:block:', 'rl:count:')}:${start + minute}:`;
    for (const [index, count] of [-5, 0.5, '7', null, Number.NaN, Number.POSITIVE_INFINITY].entries())
      await put(`${prefix}${index}`, '', { count });
    await put(`${prefix}without`, '');
    expect(await isolate.takeMany(7)).toBe(7);

    const other = new LimitedIsolate({ kv: kv.binding });
    expect(await other.take()).toMatchObject({ isAllowed: false, resetSeconds: 60 });
    kv.entries.delete(key);
    expect(await other.take({ now: start + minute })).toMatchObject({ isAllowed: true });
    for (const nonsense of ['', 'x', '-1', '1e99', '9'.repeat(400)]) {
      kv.entries.clear();
      await put(key, nonsense);
      expect(await new LimitedIsolate({ kv: kv.binding }).takeMany(9)).toBe(8);
    }
  });

  test('agree through a real KV', async () => {
    const kv = (env as { RATE_LIMIT_KV: KVNamespace }).RATE_LIMIT_KV;
    const [first, second] = [new LimitedIsolate({ kv }), new LimitedIsolate({ kv })];
    for (const at of [0, 1, 2]) await first.takeMany(2, { now: start + at * oneSecond });
    expect(await second.takeMany(8)).toBe(2);
    expect(await new LimitedIsolate({ kv }).takeMany(3)).toBe(0);
    const { keys } = await kv.list();
    expect(keys).toHaveLength(3);
    for (const { expiration } of keys) expect(expiration).toBeLessThanOrEqual(Date.now() / 1000 + 61);
  });
});

describe('a KV that fails', () => {
  test.each(faults)('leaves the isolate its own limit: %s (LIM-09, DBF-12)', async (fault) => {
    const lines = recordLog();
    const isolate = new LimitedIsolate({ kv: new FakeKv(fault).binding });
    let allowed = 0;
    for (let at = 0; at < 20; at++)
      if ((await isolate.take({ now: start + at * oneSecond })).isAllowed) allowed += 1;
    expect(allowed).toBe(8);
    expect(lines).toHaveLength(fault === 'throw' || fault === '429' ? 1 : 0);
    expect(await isolate.take({ now: start + minute })).toMatchObject({ isAllowed: true });
  });

  test('is told once a minute, by no address', async () => {
    const lines = recordLog();
    const isolate = new LimitedIsolate({ kv: new FakeKv('throw').binding });
    for (let at = 0; at < 150; at += 10) {
      for (const ip of ['203.0.113.7', '203.0.113.8'])
        await isolate.takeMany(1, { ip, now: start + at * oneSecond });
    }
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'warn', event: 'rate_limit_store_failed' });
    expect(lines.join()).not.toContain('203.0.113');
  });

  test('may be no KV at all', async () => {
    const lines = recordLog();
    const isolate = new LimitedIsolate({ kv: 'a variable' as unknown as KVNamespace });
    expect(await isolate.takeMany(9)).toBe(8);
    expect(lines).toHaveLength(1);
  });

  test('costs a request 50 ms, gate and mark together, and never another one (LIM-09, DBF-12)', async () => {
    const pass = stoppedTimers();
    const gate = { limit: () => new Promise<RateLimitOutcome>(() => {}) };
    const isolate = new LimitedIsolate({ kv: new FakeKv('hang').binding, gate });
    let isDone = false;
    const taken = isolate.take().then((verdict) => {
      isDone = true;
      return verdict;
    });
    await pass(49);
    expect(isDone).toBe(false);
    await pass(1);
    expect(isDone).toBe(true);
    expect(await taken).toMatchObject({ isAllowed: true });
    const noGate = new LimitedIsolate({ kv: new FakeKv('hang').binding });
    const first = noGate.take();
    // Somebody else's read is not waited for.
    expect(await noGate.take()).toMatchObject({ isAllowed: true });
    await pass(50);
    expect(await first).toMatchObject({ isAllowed: true });
  });

  test('and answers late is heard by the next request', async () => {
    const pass = stoppedTimers();
    const kv = new FakeKv();
    await new LimitedIsolate({ kv: kv.binding }).takeMany(9);
    let answer = () => {};
    kv.beforeAnswer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const isolate = new LimitedIsolate({ kv: kv.binding });
    const first = isolate.take();
    await pass(50);
    expect(await first).toMatchObject({ isAllowed: true });
    answer();
    await isolate.settle();
    expect(await isolate.take()).toMatchObject({ isAllowed: false });
  });
});

describe('the binding of the platform', () => {
  function gateOf(limit: (key: string) => Promise<boolean>) {
    const keys: string[] = [];
    const gate = {
      limit: async ({ key }: { key: string }) => {
        keys.push(key);
        return { success: await limit(key) };
      },
    };
    return { gate, keys };
  }

  test('refuses by itself, by class and HMAC, and is asked for credential routes alone', async () => {
    const { gate, keys } = gateOf(async () => false);
    const isolate = new LimitedIsolate({ gate });
    expect(await isolate.take()).toEqual({
      isAllowed: false,
      quota: 8,
      windowSeconds: 60,
      remaining: 0,
      resetSeconds: 60,
    });
    expect(await isolate.take({ class: 'general' })).toMatchObject({ isAllowed: true });
    expect(keys).toEqual([expect.stringMatching(/^credential:[\w-]{22}$/)]);
  });

  test('changes nothing where it lets pass, and nothing where it fails (LIM-09)', async () => {
    const lines = recordLog();
    const failing = async () => {
      throw new Error('gate failed');
    };
    for (const limit of [async () => true, failing]) {
      const isolate = new LimitedIsolate({ gate: gateOf(limit).gate, kv: new FakeKv().binding });
      expect(await isolate.takeMany(10)).toBe(8);
    }
    expect(lines).toHaveLength(1);
  });
});
