import { describe, expect, test } from 'vitest';
import { ClientWindows } from '../../src/rate-limit/client-windows.ts';

const minute = 60_000;
const start = 29_000_000 * minute;

function fill(windows: ClientWindows, count: number, now: number, prefix = 'filler'): void {
  for (let index = 0; index < count; index++) windows.at(`${prefix} ${index}`, now).own = 1;
}

describe('the windows of an isolate', () => {
  test('are the same for all isolates and end by the clock (LIM-08)', () => {
    const windows = new ClientWindows();
    for (const offset of [0, 1, 59_999]) expect(windows.at('a', start + offset).endsAt).toBe(start + minute);
    windows.at('a', start).own = 5;
    expect(windows.at('a', start + minute - 1).own).toBe(5);
    expect(windows.at('a', start + minute)).toMatchObject({ endsAt: start + 2 * minute, own: 0, others: 0 });
  });

  test('start anew without counts or blocks, and keep the key and when the mark was read', () => {
    const windows = new ClientWindows();
    Object.assign(windows.at('a', start), { own: 9, others: 9, reported: 9, reportedAt: start });
    Object.assign(windows.at('a', start), { blockedUntil: start + minute, markReadAt: start + 7, key: 'k' });
    expect(windows.at('a', start + minute)).toEqual({
      endsAt: start + 2 * minute,
      own: 0,
      others: 0,
      reported: 0,
      reportedAt: -Infinity,
      blockedUntil: -Infinity,
      markReadAt: start + 7,
      key: 'k',
    });
  });

  test('are never more than 10,000, of which the oldest half goes first (T26)', () => {
    const windows = new ClientWindows();
    fill(windows, 10_000, start);
    expect(windows.size).toBe(10_000);
    windows.at('one more', start);
    expect(windows.size).toBe(5001);
    expect(windows.at('filler 9999', start).own).toBe(1);
    expect(windows.at('filler 5000', start).own).toBe(1);
    expect(windows.at('filler 4999', start).own).toBe(0);
  });

  test('that have ended are forgotten before any other (T26)', () => {
    const windows = new ClientWindows();
    fill(windows, 3000, start + minute, 'running');
    // An isolate whose clock was behind: younger in the map, and over.
    fill(windows, 7000, start, 'ended');
    windows.at('one more', start + minute);
    expect(windows.size).toBe(5001);
    expect(windows.at('running 0', start + minute).own).toBe(1);
  });

  test('of blocked clients stay while anything else can go, and yet not without end (T26)', () => {
    const windows = new ClientWindows();
    const block = (name: string) => {
      windows.at(name, start).blockedUntil = start + minute;
    };
    block('blocked');
    for (let round = 0; round < 4; round++) fill(windows, 9000, start, `round ${round}`);
    expect(windows.at('blocked', start).blockedUntil).toBe(start + minute);
    for (let index = 0; index < 12_000; index++) block(`crowd ${index}`);
    expect(windows.size).toBeLessThanOrEqual(10_000);
    expect(windows.at('crowd 11999', start).blockedUntil).toBe(start + minute);
    expect(windows.at('blocked', start).blockedUntil).toBe(-Infinity);
  });
});
