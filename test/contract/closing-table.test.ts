import { beforeAll, describe, expect, test } from 'vitest';
import { features } from '../../src/app.ts';
import { type Fragment, sql } from '../../src/db/sql.ts';
import { loadRulesOf } from '../../src/feature.ts';
import { oneTimeTokenKinds } from '../../src/features/one-time-tokens/one-time-token.ts';
import {
  type Cell,
  type Cells,
  type Credentials,
  closeWaysIn,
  endingOf,
  type Occasion,
  occasions,
  recoveries,
  recoveryBegunBy,
} from '../../src/joints/closing.ts';
import { otherPassword, password } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { openDatabase } from '../support/database.ts';
import { storeLink, storeLinks } from '../support/links.ts';
import { adminSecret } from '../support/test-env.ts';
import { codeAt, wrongCode } from '../support/two-factor.ts';
import { codeIn, tableRows } from './documents.ts';
import { recordLog } from './recorded-log.ts';
import { insertTwoFactorAccount } from './two-factor-account.ts';

const { credentials } = await loadRulesOf(features);

/** What the code says: every kind of credential, and its cell for every occasion. */
const table: Readonly<Record<string, Cells>> = Object.fromEntries(
  credentials.flatMap(({ cells }) => Object.entries(cells)),
);
const kinds = Object.keys(table);
const linkKinds = kinds.filter((kind) => kind in oneTimeTokenKinds);

const kept: Cells = table.not_me!;
const close = () => sql`SELECT 1`;

describe('the table of what closes which way in (SES-21)', () => {
  test('does not compile with a kind of credential or an occasion that is not decided', () => {
    const { banned: _, ...undecided } = kept;
    const planted: Credentials<'session' | 'passkey'>[] = [
      { step: 'endPasskeys', cells: { session: kept, passkey: kept }, close },
      // @ts-expect-error: a kind has no cells
      { step: 'endPasskeys', cells: { session: kept }, close },
      // @ts-expect-error: an occasion has no cell
      { step: 'endPasskeys', cells: { session: kept, passkey: undecided }, close },
      // @ts-expect-error: no such cell
      { step: 'endPasskeys', cells: { session: kept, passkey: { ...kept, banned: 'gone' } }, close },
    ];
    expect(planted).toHaveLength(4);
  });

  test('has every kind once, and all links of an account', () => {
    const all = credentials.flatMap(({ cells }) => Object.keys(cells));
    expect(new Set(all).size).toBe(all.length);
    // Two belong to no account, and the third is never stored: it is the challenge in its cookie.
    const others = ['confirm_registration', 'challenge_cookie', 'oauth_state'];
    const links = Object.keys(oneTimeTokenKinds).filter((kind) => !others.includes(kind));
    expect(linkKinds.toSorted()).toEqual(links.toSorted());
    const told = [
      'password',
      'known_device',
      'session',
      'totp',
      'backup_code',
      'factor_reset',
      'trusted_device',
      'identity',
      'unfinished',
      'second_step_device',
      'second_step_misses',
    ];
    expect(kinds.filter((kind) => !linkKinds.includes(kind)).toSorted()).toEqual(told.toSorted());
    const steps = credentials.map(({ step }) => step);
    expect(new Set(steps).size).toBe(steps.length);
  });

  test('is the one of docs/security.md, cell for cell, in both directions', () => {
    const [head, , ...rows] = tableRows('docs/security.md', '## What closes which way in');
    expect(head!.slice(1).map((cell) => codeIn(cell)[0])).toEqual([...occasions]);
    const told = rows.map(([kind, ...cells]) => [
      codeIn(kind!)[0]!,
      Object.fromEntries(cells.map((cell, index) => [occasions[index]!, cell])),
    ]);
    expect(Object.fromEntries(told)).toEqual(table);
    expect(told.map(([kind]) => kind)).toEqual(kinds);
  });

  test('gives a batch one step for each group of which an occasion ends something, and no other', () => {
    for (const occasion of occasions) {
      const ending = credentials.filter(
        (group) => Object.values(endingOf(group, occasion)).flat().length > 0,
      );
      expect(Object.keys(stepsOf(occasion, crypto.randomUUID())), occasion).toEqual(
        ending.map(({ step }) => step),
      );
    }
  });

  test('needs a time for what ends since something, and the address for what does not stand for it', () => {
    const { email, ...scope } = scopeOf('email_reverted', crypto.randomUUID());
    expect(() => closeWaysIn(credentials, { ...scope, email, since: null })).toThrow('needs a time');
    expect(() => closeWaysIn(credentials, scope)).toThrow('needs the address');
  });

  test('ends what is unfinished wherever sessions end, and wherever a recovery begins (LNK-19)', () => {
    for (const occasion of occasions)
      if (table.session![occasion] !== 'kept' || recoveryBegunBy(occasion) !== undefined)
        expect(table.unfinished![occasion], occasion).toBe('ended');
  });

  test('knows the causes of a recovery that the database lets through, and no other', async () => {
    const [row] = await openDatabase().query<{ definition: string }>(
      sql`SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conname = 'users_recovery_has_cause'`,
    );
    const listed = [...row!.definition.matchAll(/'([a-z_]+)'::text/g)].map(([, cause]) => cause!);
    expect(listed.toSorted()).toEqual(Object.keys(recoveries).toSorted());
  });
});

const client = new TestClient({ ADMIN_SECRET: adminSecret });
/** One of its own for each use: its time is that of one request. */
const db = () => openDatabase();

/** Before or after what the occasion is about, by minutes. */
const ages = { before: -30, later: 30 } as const;

/**
 * An account with every kind of credential: each link and code from before, from now and from later; two sessions; two-factor, which
 * was turned on before or later, with backup codes from before and from later; another authenticator that is being set up,
 * a trusted device, and an operator's reset that waits.
 */
async function equipped(factorAge: keyof typeof ages = 'before') {
  const account = await insertTwoFactorAccount(client);
  const { userId, email } = account;
  const links = await storeLinks(client, { id: userId, email });
  await storeLink(client, 'email_code', { id: userId, email });
  await storeLink(client, 'oauth_code', { id: userId, email });
  const otherSessionId = crypto.randomUUID();
  await db().batch([
    sql`INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, body_counter)
      VALUES (${otherSessionId}::uuid, ${userId}::uuid, now() + interval '1 day', now() + interval '1 day', 0)`,
    // The column of the bucket is free for their names: what a flow stores itself has none like these.
    sql`UPDATE one_time_tokens SET created_at = now(), bucket = kind || ' now' WHERE owner_id = ${userId}::uuid`,
    sql`INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, created_at, expires_at, bucket, challenge)
      SELECT sha256((t.kind || a.age || t.owner_id)::bytea), t.kind, t.owner_id, t.email, t.target_email,
        now() + a.minutes * interval '1 minute', t.expires_at, t.kind || a.age, t.challenge
      FROM one_time_tokens t, (VALUES (' before', -30), (' later', 30)) AS a (age, minutes)
      WHERE t.owner_id = ${userId}::uuid`,
    sql`INSERT INTO identities (user_id, provider, issuer, subject, email, is_email_proved, created_at)
      SELECT ${userId}::uuid, i.name, i.name, ${userId}, i.email, i.is_proved, now() + i.minutes * interval '1 minute'
      FROM (VALUES ('own-before', ${email}, true, -30), ('own-later', ${email}, true, 30),
        ('elsewhere-before', 'other@example.com', true, -30), ('elsewhere-later', NULL, false, 30),
        ('own-disowned-before', ${email}, true, -30), ('unproved-before', ${email}, false, -30)) AS i (name, email, is_proved, minutes)`,
    sql`UPDATE users SET email_verified_at = NULL, two_factor_since = now() - interval '1 day' WHERE id = ${userId}::uuid`,
    sql`UPDATE factors SET created_at = now(),
        added_at = CASE WHEN added_at IS NOT NULL THEN now() + ${ages[factorAge]}::int * interval '1 minute' END,
        held_since = CASE WHEN added_at IS NOT NULL THEN now() + ${ages[factorAge]}::int * interval '1 minute' END
      WHERE user_id = ${userId}::uuid`,
    sql`INSERT INTO second_factor_devices (user_id, device_id, completed_at, added_at, misses)
      SELECT ${userId}::uuid, ('00000000-0000-0000-0000-00000000c10' || n)::uuid, now() + m * interval '1 minute',
        now() + m * interval '1 minute', 7 FROM (VALUES (1, -30), (2, 30)) AS v (n, m)`,
    sql`UPDATE backup_codes SET created_at = now() + CASE WHEN get_byte(code_hash, 0) < 128
        THEN ${ages.later}::int ELSE ${ages.before}::int END * interval '1 minute' WHERE user_id = ${userId}::uuid`,
  ]);
  const [session] = await db().query<{ id: string }>(
    sql`SELECT id FROM sessions WHERE user_id = ${userId}::uuid AND id <> ${otherSessionId}::uuid`,
  );
  return { ...account, links, sessionId: session!.id, otherSessionId, before: await stateOf(userId) };
}

interface State {
  readonly password: string | null;
  readonly generation: number;
  readonly sessions: readonly string[];
  /** The live ones of the links that `equipped` stored: the kind, with `before`, `now` or `later`. */
  readonly links: readonly string[];
  /** When each authenticator was turned on; `setup` of one that was not. */
  readonly factors: readonly string[];
  /** When each backup code was made. */
  readonly codes: readonly string[];
  readonly trustedDevices: number;
  readonly closingNumber: number;
  /** Devices that completed a second step: when first (`setup`: not any longer), and whether wrong codes are counted there. */
  readonly secondSteps: readonly string[];
  /** The providers of the identities: of the account's address, of another or of one that nobody proved, with their age. */
  readonly identities: readonly string[];
  /** Whether a sign-in asks for a second factor. */
  readonly isAsked: boolean;
  readonly isResetPending: boolean;
}

async function stateOf(userId: string): Promise<State | null> {
  const age = (at: Fragment) => sql`CASE WHEN ${at} < now() - interval '10 minutes' THEN 'before'
    WHEN ${at} > now() + interval '10 minutes' THEN 'later' WHEN ${at} IS NULL THEN 'setup' ELSE 'now' END`;
  const [row] = await db().query<State>(sql`
    SELECT u.password_hash AS password, u.device_generation AS generation,
      ARRAY(SELECT s.id::text FROM sessions s WHERE s.user_id = u.id) AS sessions,
      ARRAY(
        SELECT t.bucket FROM one_time_tokens t
        WHERE t.owner_id = u.id AND t.spent_at IS NULL AND t.bucket LIKE t.kind || ' %') AS links,
      ARRAY(SELECT ${age(sql`f.added_at`)} FROM factors f WHERE f.user_id = u.id ORDER BY 1) AS factors,
      ARRAY(SELECT ${age(sql`b.created_at`)} FROM backup_codes b WHERE b.user_id = u.id ORDER BY 1) AS codes,
      (SELECT count(*)::int FROM trusted_devices d WHERE d.user_id = u.id) AS "trustedDevices",
      u.closing_number AS "closingNumber",
      ARRAY(
        SELECT ${age(sql`d.completed_at`)} || ' ' || (d.misses > 0) FROM second_factor_devices d
        WHERE d.user_id = u.id AND d.device_id::text LIKE '%-00000000c10%' ORDER BY 1) AS "secondSteps",
      ARRAY(SELECT i.provider FROM identities i WHERE i.user_id = u.id ORDER BY 1) AS identities,
      u.two_factor_since IS NOT NULL AS "isAsked", u.two_factor_reset_at IS NOT NULL AS "isResetPending"
    FROM users u WHERE u.id = ${userId}::uuid`);
  return row ?? null;
}

/** What belongs to the second factor. */
function factorState({ factors, codes, trustedDevices, isAsked, isResetPending }: State) {
  return { factors, codes, trustedDevices, isAsked, isResetPending };
}

/** What the cells of an occasion leave of that: without an authenticator its codes open nothing, and nothing is asked for. */
function factorsLeft(before: State, occasion: Occasion): ReturnType<typeof factorState> {
  const left = (kind: string, all: readonly string[]) => {
    const cell = table[kind]![occasion];
    if (cell === 'ended') return [];
    return cell === 'since' ? all.filter((age) => age === 'before') : all;
  };
  const factors = left('totp', before.factors);
  const isAsked = factors.some((age) => age !== 'setup');
  return {
    ...{ factors, isAsked, codes: isAsked ? left('backup_code', before.codes) : [] },
    trustedDevices: left('trusted_device', Array(before.trustedDevices).fill('before')).length,
    isResetPending: isAsked && left('factor_reset', ['before']).length > 0,
  };
}

/** What is left of the devices of `equipped` that completed a second step. */
function secondStepsLeft(occasion: Occasion): string[] {
  const [device, misses] = [table.second_step_device![occasion], table.second_step_misses![occasion]];
  const isCounted = misses !== 'ended';
  const times = { ended: ['setup', 'setup'], since: ['before', 'setup'] } as Partial<Record<Cell, string[]>>;
  return (times[device] ?? ['before', 'later']).map((at) => `${at} ${isCounted}`);
}

/** The identities that a cell leaves. */
function identitiesLeft({ identities }: State, cell: Cell): readonly string[] {
  if (cell === 'ended') return [];
  if (cell === 'since') return identities.filter((name) => name.endsWith('before'));
  if (cell === 'elsewhere') return identities.filter((name) => name.startsWith('own'));
  return cell === 'disowned' ? identities.filter((name) => name === 'own-before') : identities;
}

function scopeOf(occasion: Occasion, userId: string, actingSessionId: string | null = null, email = '') {
  const owner = sql`(SELECT ${userId}::uuid AS user_id)`;
  const since = sql`(now() - interval '5 minutes')`;
  const nobody = { ipAddress: null, userAgent: null, location: null, locale: null };
  const metadata = { ...nobody, requestId: crypto.randomUUID(), operationId: crypto.randomUUID() };
  const disownedMethod = sql`'own-disowned-before'`;
  return { occasion, owner, ownerOnce: owner, actingSessionId, since, email, disownedMethod, metadata };
}

function stepsOf(occasion: Occasion, userId: string, actingSessionId: string | null = null, email = '') {
  return closeWaysIn(credentials, scopeOf(occasion, userId, actingSessionId, email));
}

/** The live links of a kind that a cell leaves. @param isPresent whether they went to the address that the account has then */
function linksLeft(kind: string, cell: Cell, isPresent = true): string[] {
  if (cell === 'ended' || cell === 'others' || (cell === 'past' && isPresent)) return [];
  return (cell === 'since' ? ['before'] : ['before', 'now', 'later']).map((age) => `${kind} ${age}`);
}

describe('what an occasion closes (SES-21, LNK-05, LNK-15)', () => {
  let bystander: Awaited<ReturnType<typeof equipped>>;
  beforeAll(async () => {
    bystander = await equipped();
  });

  const byAge = (Object.keys(ages) as (keyof typeof ages)[]).flatMap((age) =>
    occasions.map((occasion) => [occasion, age] as const),
  );

  test.each(byAge)(
    '%s ends by its statements exactly what the table says, two-factor from %s',
    async (occasion, age) => {
      const { userId, email, sessionId, otherSessionId, before } = await equipped(age);
      await db().query(
        sql`UPDATE sessions SET second_factor_missed_at = now() WHERE id = ${otherSessionId}::uuid`,
      );
      for (let run = 1; run <= 2; run++)
        await db().batch(Object.values(stepsOf(occasion, userId, sessionId, email)));
      const after = (await stateOf(userId))!;
      expect([...after.links].toSorted()).toEqual(
        linkKinds.flatMap((kind) => linksLeft(kind, table[kind]![occasion])).toSorted(),
      );
      const session = table.session![occasion];
      const sessions = { ended: [], others: [sessionId], missed: [sessionId] } as Partial<
        Record<Cell, string[]>
      >;
      expect(after.sessions.toSorted()).toEqual(
        (sessions[session] ?? [sessionId, otherSessionId]).toSorted(),
      );
      expect(after.password).toBe(table.password![occasion] === 'ended' ? null : before!.password);
      expect(after.generation > before!.generation).toBe(table.known_device![occasion] === 'ended');
      expect(after.closingNumber > before!.closingNumber).toBe(table.unfinished![occasion] === 'ended');
      expect(after.secondSteps).toEqual(secondStepsLeft(occasion));
      expect(factorState(after)).toEqual(factorsLeft(before!, occasion));
      expect(after.identities).toEqual(identitiesLeft(before!, table.identity![occasion]));
      expect(await stateOf(bystander.userId)).toEqual(bystander.before);
    },
  );

  // What confirms a change, or completes a sign-in and links by it, does not ask for the recovery again.
  test.each(['change_email', 'two_factor_challenge', 'oauth_code'])(
    'whatever begins a recovery, or disowns an identity, ends each %s (LNK-21)',
    (kind) => {
      const begins = occasions.filter(
        (occasion) => recoveryBegunBy(occasion) !== undefined || table.identity![occasion] === 'disowned',
      );
      expect(begins.map((occasion) => table[kind]![occasion])).toEqual(begins.map(() => 'ended'));
    },
  );

  test('the account has something of every kind to end, of each age', async () => {
    const [early, late] = [await equipped('before'), await equipped('later')];
    expect(early.before!.links).toHaveLength(3 * linkKinds.length);
    expect(early.before!.factors).toEqual(['before', 'setup']);
    expect(late.before!.factors).toEqual(['later', 'setup']);
    for (const { before } of [early, late]) {
      expect(before).toMatchObject({ isAsked: true, isResetPending: true, trustedDevices: 1 });
      expect(before!.identities).toHaveLength(6);
      expect(before!.codes).toHaveLength(10);
    }
  });

  type Equipped = Awaited<ReturnType<typeof equipped>>;

  /** What a request does whose occasion is in the table. */
  interface Way {
    readonly act: (account: Equipped) => Promise<Answer>;
    readonly status?: number;
    /** The kind whose present link it consumes. */
    readonly consumes?: string;
    /** Whether it is a wrong code within the session. */
    readonly isMissedInSession?: true;
    /** Which sessions are left where the caller chooses. */
    readonly chosen?: 'none' | 'acting' | 'other';
    /** The identities that are left, where the sign-in came by none, or the account has another address by then. */
    readonly identities?: readonly string[];
    /** What the way itself sets in the place of a second factor. */
    readonly replaces?: Pick<State, 'factors' | 'codes'>;
  }

  const operator =
    (action: string) =>
    ({ userId }: Equipped) =>
      client.post(`/api/admin/users/${userId}/${action}`, undefined, { bearer: adminSecret });
  const dueReset = ({ userId }: Equipped) =>
    db().query(sql`UPDATE users SET two_factor_reset_at = now() WHERE id = ${userId}::uuid`);
  /** All wrong codes but the last, on the device of the session or on one that never completed a second step. */
  const guess = ({ userId, sessionId }: Equipped, isOnKnownDevice: boolean) =>
    db().query(sql`
      INSERT INTO second_factor_devices AS d (user_id, device_id, misses)
      SELECT s.user_id, CASE WHEN ${isOnKnownDevice} THEN s.device_id ELSE '00000000-0000-0000-0000-000000000000' END, 49
      FROM sessions s WHERE s.id = ${sessionId}::uuid AND s.user_id = ${userId}::uuid
      ON CONFLICT (user_id, device_id) DO UPDATE SET misses = 49`);
  const ways: Readonly<Record<string, readonly [Occasion, Way]>> = {
    'DELETE /sessions': [
      'signed_out_by_owner',
      {
        chosen: 'none',
        act: ({ accessToken: bearer }) => client.call('DELETE', '/api/auth/sessions', { bearer }),
      },
    ],
    'DELETE /sessions?keep=current': [
      'signed_out_by_owner',
      {
        chosen: 'acting',
        act: ({ accessToken: bearer }) =>
          client.call('DELETE', '/api/auth/sessions?keep=current', { bearer }),
      },
    ],
    'DELETE /sessions?keep=current where no other session is left': [
      'signed_out_by_owner',
      {
        chosen: 'acting',
        act: async ({ accessToken: bearer, otherSessionId }) => {
          await db().query(sql`DELETE FROM sessions WHERE id = ${otherSessionId}::uuid`);
          return client.call('DELETE', '/api/auth/sessions?keep=current', { bearer });
        },
      },
    ],
    'DELETE /sessions/:id': [
      'signed_out_by_owner',
      {
        chosen: 'acting',
        act: ({ accessToken: bearer, otherSessionId }) =>
          client.call('DELETE', `/api/auth/sessions/${otherSessionId}`, { bearer }),
      },
    ],
    'a reused refresh token': [
      'token_reused',
      {
        chosen: 'other',
        status: 401,
        act: async ({ refreshToken, sessionId }) => {
          await client.post('/api/auth/refresh', { refreshToken });
          await db().query(
            sql`UPDATE sessions SET body_rotated_at = now() - interval '31 seconds' WHERE id = ${sessionId}::uuid`,
          );
          return client.post('/api/auth/refresh', { refreshToken });
        },
      },
    ],
    'a sign-out by an operator': ['signed_out_by_operator', { act: operator('sign-out') }],
    'a ban': ['banned', { act: operator('ban') }],
    'a change of the password': [
      'password_changed',
      {
        act: ({ accessToken: bearer }) =>
          client.post(
            '/api/auth/password/change',
            { currentPassword: password, newPassword: otherPassword, confirmPassword: otherPassword },
            { bearer },
          ),
      },
    ],
    'a reset': [
      'password_reset',
      {
        consumes: 'reset_password',
        act: ({ links }) =>
          client.post('/api/auth/password/reset', {
            ...{ token: links.reset_password, password: otherPassword, confirmPassword: otherPassword },
          }),
      },
    ],
    '"not me"': [
      'not_me',
      {
        consumes: 'not_me',
        identities: ['own-before', 'own-disowned-before'],
        act: ({ links }) => client.post('/api/auth/not-me', { token: links.not_me }),
      },
    ],
    'a revert': [
      'email_reverted',
      {
        consumes: 'revert_email',
        identities: [],
        act: ({ links }) => client.post('/api/auth/email/change/revert', { token: links.revert_email }),
      },
    ],
    'a first verification': [
      'first_verified',
      {
        consumes: 'verify_email',
        act: ({ links, accessToken: bearer }) =>
          client.post('/api/auth/email/verify', { token: links.verify_email }, { bearer }),
      },
    ],
    'a confirmed change of the address': [
      'email_changed',
      {
        consumes: 'change_email',
        act: ({ links, accessToken: bearer }) =>
          client.post('/api/auth/email/change/confirm', { token: links.change_email }, { bearer }),
      },
    ],
    'another authenticator': [
      'two_factor_enabled',
      {
        replaces: { factors: ['now'], codes: Array(10).fill('now') },
        act: ({ setupSecret, accessToken: bearer }) =>
          client.post('/api/auth/two-factor/enable', { code: codeAt(setupSecret) }, { bearer }),
      },
    ],
    'turning two-factor off': [
      'two_factor_disabled',
      {
        act: ({ secret, accessToken: bearer }) =>
          client.post('/api/auth/two-factor/disable', { code: codeAt(secret) }, { bearer }),
      },
    ],
    'a sign-in when a reset by an operator is due': [
      'two_factor_reset',
      {
        act: async (account) => {
          await dueReset(account);
          return client.post('/api/auth/login', { email: account.email, password });
        },
      },
    ],
    'a clean-up when a reset by an operator is due': [
      'two_factor_reset',
      {
        act: async (account) => {
          recordLog();
          await dueReset(account);
          return client.post('/api/admin/cleanup-sessions');
        },
      },
    ],
    'the fiftieth wrong code on a known device': [
      'second_factor_guessed',
      {
        isMissedInSession: true,
        status: 401,
        act: async (account) => {
          await guess(account, true);
          const { secret, accessToken: bearer } = account;
          return client.post('/api/auth/reauthenticate', { code: wrongCode(secret) }, { bearer });
        },
      },
    ],
    'the fiftieth wrong code at a sign-in elsewhere': [
      'second_factor_guessed',
      {
        status: 401,
        act: async (account) => {
          await guess(account, false);
          const { secret, challengeToken } = account;
          return client.post('/api/auth/login/two-factor', { challengeToken, code: wrongCode(secret) });
        },
      },
    ],
  };

  test.each(Object.entries(ways))('%s ends exactly what the table says', async (_what, [occasion, way]) => {
    const account = await equipped();
    const { userId, sessionId, otherSessionId, before } = account;
    const answer = await way.act(account);
    expect(answer.status, answer.text).toBe(way.status ?? 200);
    const after = (await stateOf(userId))!;
    const left = linkKinds
      // A revert changes the address, so that theirs is a former one.
      .flatMap((kind) => linksLeft(kind, table[kind]![occasion], occasion !== 'email_reverted'))
      .filter((link) => link !== `${way.consumes} now`);
    expect([...after.links].toSorted()).toEqual(left.toSorted());
    const choice = { none: [], acting: [sessionId], other: [otherSessionId] }[way.chosen ?? 'none'];
    const missed = way.isMissedInSession ? [otherSessionId] : [sessionId, otherSessionId];
    const sessions = { ended: [], others: [sessionId], missed, chosen: choice } as Partial<
      Record<Cell, string[]>
    >;
    const ids = await db().query<{ id: string }>(sql`
      SELECT s.id FROM sessions s WHERE s.user_id = ${userId}::uuid
      UNION SELECT f.id FROM former_session_ids f JOIN sessions s ON s.id = f.session_id WHERE s.user_id = ${userId}::uuid`);
    const known = ids.map(({ id }) => id).filter((id) => [sessionId, otherSessionId].includes(id));
    expect(known.toSorted()).toEqual(
      (sessions[table.session![occasion]] ?? [sessionId, otherSessionId]).toSorted(),
    );
    const cell = table.password![occasion];
    expect(after.password === null, 'no password').toBe(cell === 'ended');
    if (cell !== 'ended') expect(after.password === before!.password).toBe(cell === 'kept');
    expect(after.generation > before!.generation).toBe(table.known_device![occasion] === 'ended');
    expect(after.closingNumber > before!.closingNumber).toBe(table.unfinished![occasion] === 'ended');
    expect(factorState(after)).toEqual({ ...factorsLeft(before!, occasion), ...way.replaces });
    expect(after.identities).toEqual(way.identities ?? identitiesLeft(before!, table.identity![occasion]));
  });

  test('every occasion of the second factor is walked, and "replaced" where a way sets a new one', () => {
    const walked = Object.values(ways).map(([occasion]) => occasion);
    const told = ['two_factor_enabled', 'two_factor_disabled', 'two_factor_reset', 'second_factor_guessed'];
    expect(walked).toEqual(expect.arrayContaining(told));
    for (const [occasion, { replaces }] of Object.values(ways))
      expect(table.totp![occasion] === 'replaced', occasion).toBe(replaces !== undefined);
  });

  const undoings = Object.entries(ways).filter(([, [occasion]]) => table.totp![occasion] === 'since');

  test('somebody put out can be so by "not me" and by a revert', () => {
    expect(undoings.map(([what]) => what)).toEqual(['"not me"', 'a revert']);
  });

  test.each(undoings)(
    '%s takes the second factor away that a thief turned on, and no other',
    async (_what, [, way]) => {
      const [thief, owner] = [await equipped('later'), await equipped('before')];
      for (const account of [thief, owner]) expect((await way.act(account)).status).toBe(200);
      const gone = { factors: [], codes: [], trustedDevices: 0, isAsked: false, isResetPending: false };
      expect(factorState((await stateOf(thief.userId))!)).toEqual(gone);
      expect(factorState((await stateOf(owner.userId))!)).toMatchObject({
        factors: ['before'],
        isAsked: true,
      });
      // The owner has to set a password first, and is then asked for what was there before alone.
      for (const [account, isAsked] of [
        [thief, false],
        [owner, true],
      ] as const) {
        const [row] = await db().query<{ email: string }>(
          sql`SELECT email FROM users WHERE id = ${account.userId}::uuid`,
        );
        const token = await storeLink(client, 'reset_password', { id: account.userId, email: row!.email });
        const passwords = { password: otherPassword, confirmPassword: otherPassword };
        expect((await client.post('/api/auth/password/reset', { token, ...passwords })).status).toBe(200);
        const login = await client.post('/api/auth/login', { email: row!.email, password: otherPassword });
        expect(login.json.twoFactorRequired, login.text).toBe(isAsked ? true : undefined);
      }
    },
  );

  test('what a closing ends is an event each, and the mail of the occasion lists the same (LNK-20)', async () => {
    const account = await equipped('later');
    expect((await ways['"not me"']![1].act(account)).status).toBe(200);
    const events = await db().query<{ about: { kind: string } }>(
      sql`SELECT about FROM security_events WHERE user_id = ${account.userId}::uuid AND about IS NOT NULL ORDER BY reason, id`,
    );
    const kindsTold = events.map(({ about }) => about.kind);
    const identitiesEnded = Array(4).fill('identity');
    expect(kindsTold).toEqual(['factor', ...identitiesEnded, 'trusted_device']);
    const [mail] = await db().query<{ ended: unknown[] }>(
      sql`SELECT facts->'ended' AS ended FROM mail_outbox WHERE user_id = ${account.userId}::uuid AND kind = 'reset_password'`,
    );
    expect(mail!.ended).toEqual(events.map(({ about }) => about));
  });

  test('what an operator ends is told without the address of the operator', async () => {
    const account = await equipped();
    expect((await ways['a ban']![1].act(account)).status).toBe(200);
    const events = await db().query(
      sql`SELECT ip_address, user_agent FROM security_events WHERE user_id = ${account.userId}::uuid AND about IS NOT NULL`,
    );
    expect(events).toEqual([{ ip_address: null, user_agent: null }]);
  });

  test('a deletion leaves nothing of the account', async () => {
    const { userId, accessToken: bearer } = await equipped();
    for (const kind of kinds) expect(['ended', 'kept'], kind).toContain(table[kind]!.account_deleted);
    expect((await client.call('DELETE', '/api/auth/me', { bearer, body: { password } })).status).toBe(200);
    expect(await stateOf(userId)).toBeNull();
    const links = await db().query(sql`SELECT 1 FROM one_time_tokens WHERE owner_id = ${userId}::uuid`);
    expect(links).toEqual([]);
  });
});
