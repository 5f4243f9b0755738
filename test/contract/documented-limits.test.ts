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

const checkFile = 'src/features/two-factor/check/check.sql.ts';

/** The rows of the table below "## Limits", each with the files that it names. */
const rows = page
  .slice(page.indexOf('\n## Limits'))
  .split('\n\n')[1]!
  .split('\n')
  .slice(2)
  .map((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const files = [...(cells[3] ?? '').matchAll(/`(src\/[^`]+)`/g)].map((match) => match[1]!);
    return { limit: cells[1]!, value: cells[2]!, files };
  });

/** The number that a constant has in a file, products multiplied out. */
function constantOf(file: string, name: string): number {
  const text = new RegExp(`\\bconst ${name} = ([\\d_ *]+);`).exec(sources[file] ?? '')?.[1] ?? '';
  return text
    .split('*')
    .map((factor) => Number(factor.trim().replaceAll('_', '')))
    .reduce((product, factor) => product * factor, 1);
}

/** The numbers of a constant that holds limits of attempts. */
function limitsOf(file: string, name: string): readonly number[] {
  const literal = new RegExp(`\\bconst ${name}: AttemptLimits = \\{ max: (\\d+), windowSeconds: (\\d+) \\};`);
  return (
    literal
      .exec(sources[file] ?? '')
      ?.slice(1)
      .map(Number) ?? []
  );
}

/** The number that a member of an object has in a file. */
function memberOf(file: string, name: string): number {
  return Number(new RegExp(`\\b${name}: (\\d+),`).exec(sources[file] ?? '')?.[1] ?? Number.NaN);
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
    for (const { files } of rows) for (const file of files) expect(sources[file], file).toBeDefined();
    expect(rows[0]!.files).toHaveLength(1);
  });

  test.each<[row: string, values: () => readonly (number | string)[]]>([
    ['of a client address to the routes', () => [config.rateLimitPerMinute]],
    ['of all IPv6 clients in one /48', () => [networkFactor]],
    ['devices that it does not know', () => [config.loginAttempts.max, config.loginAttempts.windowSeconds]],
    [
      'password hashes of an isolate',
      () => [
        constantOf('src/hashing/hash-semaphore.ts', 'permitsMax'),
        constantOf('src/hashing/hash-semaphore.ts', 'admittedMax') -
          constantOf('src/hashing/hash-semaphore.ts', 'permitsMax'),
        constantOf('src/hashing/hash-semaphore.ts', 'leaseMs') / 1000,
      ],
    ],
    [
      'the breach lookup',
      () => {
        const file = 'src/features/password/new-password/breached-passwords.ts';
        return [constantOf(file, 'waitMsMax'), constantOf(file, 'bodyLengthMax') / 1024];
      },
    ],
    [
      'a recent authentication',
      () => [constantOf('src/features/sessions/recency.sql.ts', 'recentSeconds') / 60],
    ],
    ['codes and backup codes of an account', () => limitsOf(checkFile, 'checkLimits')],
    ['wrong codes in a row', () => [constantOf(checkFile, 'missesMax')]],
    ['remembered for the second step', () => [constantOf(checkFile, 'devicesMax')]],
    [
      'codes that one challenge takes',
      () =>
        limitsOf('src/features/two-factor/second-step/complete-second-step.sql.ts', 'tryLimits').slice(0, 1),
    ],
    [
      'open challenges',
      () => [constantOf('src/features/sign-in/challenge/issue-challenge.sql.ts', 'challengesMax')],
    ],
    [
      'trusted devices of an account',
      () => [constantOf('src/features/trusted-devices/trust-device.sql.ts', 'trustedDevicesMax')],
    ],
    [
      'how long a device is trusted',
      () => [constantOf('src/features/trusted-devices/new-trusted-device.ts', 'trustTtlSeconds') / 86_400],
    ],
    [
      'one token of a trusted device',
      () => [memberOf('src/features/trusted-devices/trusted-device-token.ts', 'entriesMax')],
    ],
    ['backup codes', () => [constantOf('src/features/two-factor/backup-codes/backup-code.ts', 'codesCount')]],
    ["an operator's reset of two-factor", () => [config.twoFactor.resetDelayHours]],
    [
      'codes by mail of an account that are checked',
      () => limitsOf('src/features/email-code/reauthentication/renew-by-email-code.sql.ts', 'checkLimits'),
    ],
    ['codes that are mailed', () => [mailLimits.perKind, mailLimits.hourSeconds]],
    ['a code by mail', () => [oneTimeTokenKinds.email_code.ttlSeconds / 60]],
    ['the challenge of a sign-in', () => [oneTimeTokenKinds.two_factor_challenge.ttlSeconds / 60]],
    ['a visit to a provider', () => [oneTimeTokenKinds.oauth_state.ttlSeconds / 60]],
    ['the code of a sign-in for an app', () => [oneTimeTokenKinds.oauth_code.ttlSeconds]],
    [
      'such codes of one account',
      () => [constantOf('src/features/social/sign-in/entry/entry-steps.sql.ts', 'codesMax')],
    ],
    [
      'visits to providers that one browser',
      () => [constantOf('src/features/social/transaction/answer-transaction.ts', 'transactionsMax')],
    ],
    [
      'an ID token that an app presents',
      () => [constantOf('src/features/social/native/sign-in-by-id-token.ts', 'maxAgeSeconds')],
    ],
    [
      'calls to a provider',
      () => {
        const file = 'src/features/social/outbound/provider-client.ts';
        const [call, all, body] = ['callMs', 'budgetMs', 'bodyBytesMax'].map((name) =>
          constantOf(file, name),
        );
        return [call! / 1000, all! / 1000, body! / 1024];
      },
    ],
    [
      'refresh tokens of Apple',
      () => {
        const file = 'src/features/social/apple-token/revoke-tokens.ts';
        return [constantOf(file, 'callsMax'), constantOf(file, 'attemptsMax')];
      },
    ],
    [
      'exports of an account',
      () => {
        const file = 'src/features/account/export/export-account.ts';
        return [constantOf(file, 'exportsMax'), constantOf(file, 'exportWindowSeconds')];
      },
    ],
    ['live sessions', () => [constantOf('src/features/sessions/live-session.sql.ts', 'sessionsMax')]],
    [
      'that one device token names',
      () => [constantOf('src/features/known-devices/device-token.ts', 'accountsMax')],
    ],
    [
      'security events',
      () => [
        constantOf('src/features/security-events/list/list-security-events.ts', 'pageSize'),
        constantOf('src/features/security-events/record-events.sql.ts', 'exportedEventsMax'),
      ],
    ],
    [
      'registrations of one client address',
      () => [registrationLimits.perClient.max, registrationLimits.perClient.windowSeconds],
    ],
    [
      'registrations of one IPv6 /48',
      () => [registrationLimits.perNetwork.max, registrationLimits.perNetwork.windowSeconds],
    ],
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
    [
      'sending mails',
      () => {
        const file = 'src/mail/deliver-mails.ts';
        const [claim, parallel, send, run] = ['leaseMax', 'parallelMax', 'sendMs', 'runMs'].map((name) =>
          constantOf(file, name),
        );
        return [claim!, parallel!, send! / 1000, run! / 1000];
      },
    ],
    ['that does not go out', () => [retrySeconds.first, retrySeconds.max, mailTtlSecondsMax]],
    [
      'links',
      () =>
        [
          ...new Set(
            Object.entries(oneTimeTokenKinds)
              .filter(([kind]) => !/challenge|email_code|oauth/.test(kind))
              .map(([, { ttlSeconds }]) => ttlSeconds / 3600),
          ),
        ].toSorted(),
    ],
    [
      'a pending registration',
      () => [
        constantOf(
          'src/features/pending-registrations/pending-registrations.sql.ts',
          'pendingRegistrationTtlSeconds',
        ) / 86_400,
      ],
    ],
    [
      'the database',
      () => [config.database.timeoutMs, constantOf('src/db/client.ts', 'requestBudgetMs') / 1000],
    ],
    [
      'a request',
      () => [
        constantOf('src/http/body.ts', 'bodyBytesMax') / 1024,
        constantOf('src/http/answer-request.ts', 'urlLengthMax'),
      ],
    ],
    [
      'access tokens that an isolate remembers as verified',
      () => [constantOf('src/crypto/verified-tokens.ts', 'tokensMax')],
    ],
  ])('says of "%s" what the code says', (name, values) => {
    const numbers = (rowOf(name).value.match(/\d+/g) ?? []).map(Number);
    expect(values()).not.toEqual([]);
    for (const value of values()) expect(numbers).toContain(value);
  });

  test('says that a setup of two-factor waits for an hour', () => {
    expect(rowOf('a setup of two-factor').value).toContain('for an hour');
    expect(constantOf('src/features/two-factor/setup/set-up.sql.ts', 'setupSeconds')).toBe(3600);
  });
});
