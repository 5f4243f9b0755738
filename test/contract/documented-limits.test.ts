import { describe, expect, test } from 'vitest';
import { oneTimeTokenKinds } from '../../src/features/one-time-tokens/one-time-token.ts';
import { registrationLimits } from '../../src/features/users/registration/registration-count.ts';
import { mailLimits } from '../../src/mail/mail-limits.ts';
import { retrySeconds } from '../../src/mail/outbox.sql.ts';
import { mailTtlSecondsMax } from '../../src/mail/prepared-mail.ts';
import { networkFactor } from '../../src/rate-limit/rate-limiter.ts';
import { parse } from './minimal-env.ts';
import { sources } from './sources.ts';

const page = Object.values(
  import.meta.glob<string>('../../docs/security.md', { query: '?raw', import: 'default', eager: true }),
)[0]!;

/** The rows of the table below "## Limits", each with the files that it names, or the row before it. */
const rows: { limit: string; value: string; files: string[] }[] = [];
for (const line of page.slice(page.indexOf('\n## Limits')).split('\n\n')[1]!.split('\n').slice(2)) {
  const [, limit = '', value = '', where = ''] = line.split('|').map((cell) => cell.trim());
  const files = [...where.matchAll(/`(src\/[^`]+)`/g)].map((match) => match[1]!);
  rows.push({ limit, value, files: where === 'the same' ? rows.at(-1)!.files : files });
}

/** The numbers that a constant or a member has in the files, products multiplied out: of limits of attempts both. */
function numbersOf(files: readonly string[], name: string): number[] {
  const text = files.map((file) => sources[file] ?? '').join('\n');
  const [, product] = new RegExp(`\\bconst ${name} = ([\\d_ *]+);`).exec(text) ?? [];
  if (product !== undefined)
    return [product.split('*').reduce((all, factor) => all * Number(factor.trim().replaceAll('_', '')), 1)];
  const limits = `\\bconst ${name}: AttemptLimits = \\{ max: (\\d+), windowSeconds: (\\d+) \\};`;
  const found = new RegExp(limits).exec(text) ?? new RegExp(`\\b${name}: (\\d+),`).exec(text);
  return found?.slice(1).map(Number) ?? [];
}

function rowOf(text: string) {
  const exact = rows.filter(({ limit }) => limit === text);
  const found = exact.length > 0 ? exact : rows.filter(({ limit }) => limit.includes(text));
  expect(found, text).toHaveLength(1);
  return found[0]!;
}

describe('the table of limits in docs/security.md (SUP-05)', () => {
  const config = parse({});

  test('names files that exist, or "the same" as the row above', () => {
    expect(rows.length).toBeGreaterThan(7);
    for (const { limit, files } of rows) {
      expect(files, limit).not.toEqual([]);
      for (const file of files) expect(sources[file], file).toBeDefined();
    }
  });

  test.each<[row: string, ...names: string[]]>([
    ['password hashes of an isolate', 'permitsMax', 'leaseMs / 1000'],
    ['the breach lookup', 'waitMsMax', 'bodyLengthMax / 1024'],
    ['a recent authentication', 'recentSeconds / 60'],
    ['codes and backup codes of an account', 'checkLimits'],
    ['wrong codes in a row', 'missesMax'],
    ['remembered for the second step', 'devicesMax'],
    ['open challenges', 'challengesMax'],
    ['trusted devices of an account', 'trustedDevicesMax'],
    ['how long a device is trusted', 'trustTtlSeconds / 86400'],
    ['one token of a trusted device', 'entriesMax'],
    ['backup codes', 'codesCount'],
    ['codes by mail of an account that are checked', 'checkLimits'],
    ['such codes of one account', 'codesMax'],
    ['visits to providers that one browser', 'visitsMax'],
    ['an ID token that an app presents', 'maxAgeSeconds'],
    ['calls to a provider', 'callMs / 1000', 'budgetMs / 1000', 'bodyBytesMax / 1024'],
    ['refresh tokens of Apple', 'callsMax', 'attemptsMax'],
    ['exports of an account', 'exportsMax', 'exportWindowSeconds'],
    ['live sessions', 'sessionsMax'],
    ['that one device token names', 'accountsMax'],
    ['security events', 'eventsPerAnswer', 'exportedEventsMax'],
    ['sending mails', 'leaseMax', 'parallelMax', 'sendMs / 1000', 'runMs / 1000'],
    ['a pending registration', 'pendingRegistrationTtlSeconds / 86400'],
    ['the database', 'requestBudgetMs / 1000'],
    ['a request', 'bodyBytesMax / 1024', 'urlLengthMax'],
    ['access tokens that an isolate remembers as verified', 'tokensMax'],
  ])('says of "%s" what the constants of its file say', (row, ...names) => {
    const { value, files } = rowOf(row);
    const told = (value.match(/\d+/g) ?? []).map(Number);
    for (const text of names) {
      const [name = '', divisor = '1'] = text.split(' / ');
      const numbers = numbersOf(files, name);
      expect(numbers, name).not.toEqual([]);
      for (const number of numbers) expect(told, name).toContain(number / Number(divisor));
    }
  });

  test.each<[row: string, values: () => readonly (number | string)[]]>([
    ['of a client address to the routes', () => [config.rateLimitPerMinute]],
    ['of all IPv6 clients in one /48', () => [networkFactor]],
    ['devices that it does not know', () => [config.loginAttempts.max, config.loginAttempts.windowSeconds]],
    ['password hashes of an isolate', () => waitingHashes()],
    ['codes that one challenge takes', () => challengeTries()],
    ["an operator's reset of two-factor", () => [config.twoFactor.resetDelayHours]],
    ['codes that are mailed', () => [mailLimits.perKind, mailLimits.hourSeconds]],
    ['a code by mail', () => [oneTimeTokenKinds.email_code.ttlSeconds / 60]],
    ['the challenge of a sign-in', () => [oneTimeTokenKinds.two_factor_challenge.ttlSeconds / 60]],
    ['a visit to a provider', () => [oneTimeTokenKinds.oauth_state.ttlSeconds / 60]],
    ['the code of a sign-in for an app', () => [oneTimeTokenKinds.oauth_code.ttlSeconds]],
    ['registrations of one client address', () => Object.values(registrationLimits.perClient)],
    ['registrations of one IPv6 /48', () => Object.values(registrationLimits.perNetwork)],
    ['mails about locks', () => [mailLimits.locksPerDay, mailLimits.daySeconds]],
    [
      'mails of one kind',
      () => [
        ...[mailLimits.perKind, mailLimits.hourSeconds, mailLimits.perKindForNewClient],
        mailLimits.daySeconds,
      ],
    ],
    [
      'that nobody has verified',
      () => [
        ...[mailLimits.unverified.perDay, mailLimits.daySeconds],
        ...[mailLimits.unverified.requestedPerDay, mailLimits.unverified.noticesPerDay],
      ],
    ],
    ['that one client address causes', () => [mailLimits.perClient, mailLimits.hourSeconds]],
    ['that one IPv6 /48 network causes', () => [mailLimits.perNetwork, mailLimits.hourSeconds]],
    ['that does not go out', () => [retrySeconds.first, retrySeconds.max, mailTtlSecondsMax]],
    ['links', () => hoursOfLinks()],
    ['the database', () => [config.database.timeoutMs]],
  ])('says of "%s" what the code says', (name, values) => {
    const numbers = (rowOf(name).value.match(/\d+/g) ?? []).map(Number);
    expect(values()).not.toEqual([]);
    for (const value of values()) expect(numbers).toContain(value);
  });

  /** How many may wait for a hash: those that are admitted and have no permit. */
  function waitingHashes(): number[] {
    const { files } = rowOf('password hashes of an isolate');
    const [[admitted = 0], [permits = 0]] = [
      numbersOf(files, 'admittedMax'),
      numbersOf(files, 'permitsMax'),
    ] as const;
    return [admitted - permits];
  }

  /** Its window is the life of the challenge. */
  function challengeTries(): number[] {
    return numbersOf(rowOf('codes that one challenge takes').files, 'tryLimits').slice(0, 1);
  }

  function hoursOfLinks(): number[] {
    const links = Object.entries(oneTimeTokenKinds).filter(
      ([kind]) => !/challenge|email_code|oauth/.test(kind),
    );
    return [...new Set(links.map(([, { ttlSeconds }]) => ttlSeconds / 3600))];
  }

  test('says that a setup of two-factor waits for an hour', () => {
    const { value, files } = rowOf('a setup of two-factor');
    expect(value).toContain('for an hour');
    expect(numbersOf(files, 'setupSeconds')).toEqual([3600]);
  });
});
