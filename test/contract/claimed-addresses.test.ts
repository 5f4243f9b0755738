import { describe, expect, test } from 'vitest';
import { addressOf } from '../../src/address/address-key.ts';
import { sql } from '../../src/db/sql.ts';
import { confirm, linkTo, requestChange, revert } from '../features/email-change/mover.ts';
import { keyringOf, type SignedIn, signIn } from '../features/sessions/session-fixtures.ts';
import { freshClient, registration } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { openDatabase } from '../support/database.ts';
import { storeLink } from '../support/links.ts';
import { mailsTo, tokenFrom } from '../support/mailbox.ts';

const client = new TestClient({ EMAIL_VERIFICATION: 'off' });

const db = openDatabase;

/** One address in its spellings. */
interface Spellings {
  /** As the earlier system stored it: the domain in letters. */
  readonly inLetters: string;
  /** The canonical form. */
  readonly canonical: string;
  readonly inCapitals: string;
}

function freshAddress(): Spellings {
  const local = `user-${crypto.randomUUID()}`;
  return {
    inLetters: `${local}@bücher.example`,
    canonical: `${local}@xn--bcher-kva.example`,
    inCapitals: `${local.toUpperCase()}@XN--BCHER-KVA.example`,
  };
}

const keyOf = (email: string) => addressOf(keyringOf(client), email).keys[0];

/** An account whose address is stored like this; its key is always that of the canonical form. */
async function accountAt(stored: string, { canonical }: Spellings): Promise<SignedIn> {
  const owner = await signIn(client);
  await db().query(sql`
    UPDATE users SET email = ${stored}, address_key = ${keyOf(canonical)}, email_verified_at = now()
    WHERE id = ${owner.userId}::uuid`);
  return { ...owner, email: stored };
}

/** Why somebody else may not have the address. */
const obstacles: [what: string, put: (address: Spellings) => Promise<unknown>][] = [
  ['an account has it in letters', (address) => accountAt(address.inLetters, address)],
  ['an account has it in punycode', (address) => accountAt(address.canonical, address)],
  [
    'an account that has never verified it has it',
    async (address) => {
      const owner = await accountAt(address.canonical, address);
      await db().query(sql`UPDATE users SET email_verified_at = NULL WHERE id = ${owner.userId}::uuid`);
    },
  ],
  [
    'an account has left it in letters and can have it back',
    async (address) => {
      const owner = await accountAt(address.inLetters, address);
      expect((await confirm(client, await linkTo(client, owner, freshAddress().canonical))).status).toBe(200);
    },
  ],
];

/** How somebody else comes to have the address all the same; each leaves them where they were. */
const routes: [route: string, claim: (address: Spellings, spelling: string) => Promise<void>][] = [
  [
    'POST /api/auth/email/change',
    async (address, spelling) => {
      const other = await signIn(client);
      expect((await requestChange(client, other, spelling)).status).toBe(202);
      expect((await mailsTo(client, address.canonical)).map(({ kind }) => kind)).not.toContain(
        'confirm_email_change',
      );
      await expectAt(other, other.email);
    },
  ],
  [
    'POST /api/auth/email/change/confirm',
    async (address) => {
      const other = await signIn(client);
      await expectRefused(await confirm(client, await linkFor(other, 'change_email', address)));
      await expectAt(other, other.email);
    },
  ],
];

/** How somebody without an account comes to have the address. */
const registrations: typeof routes = [
  [
    'POST /api/auth/register',
    async (_address, spelling) => {
      const answer = await client.post('/api/auth/register', registration(spelling), {
        headers: freshClient(),
      });
      expect([answer.status, answer.json.code], answer.text).toEqual([409, 'email_taken']);
    },
  ],
];

/** By a proof of the mailbox, which an account that never had one yields to. */
const proofs: typeof routes = [
  [
    'POST /api/auth/email/verify, of a pending registration',
    async (address) => {
      const token = await pendingLink(address);
      await expectRefused(await client.post('/api/auth/email/verify', { token }));
    },
  ],
];

/**
 * Ways back, which no obstacle but an account can meet: a held address is their own, and an account of the earlier system
 * in another spelling is a twin, with which both stay.
 */
const waysBack: typeof routes = [
  [
    'POST /api/auth/email/change/revert',
    async (address) => {
      const other = await signIn(client);
      await expectRefused(await revert(client, await linkFor(other, 'revert_email', address)));
      await expectAt(other, other.email);
    },
  ],
  [
    'POST /api/auth/not-me, which closes the account all the same',
    async (address) => {
      const other = await signIn(client);
      await linkFor(other, 'revert_email', address);
      const token = await storeLink(client, 'not_me', { id: other.userId, email: address.canonical });
      expect((await client.post('/api/auth/not-me', { token })).status).toBe(200);
      await expectAt(other, other.email);
      expect((await client.call('GET', '/api/auth/me', { bearer: other.accessToken })).status).toBe(401);
    },
  ],
];

/** The link of a pending registration of the address. */
async function pendingLink({ canonical }: Spellings): Promise<string> {
  const id = crypto.randomUUID();
  await db().query(sql`
    INSERT INTO registration_attempts (id, email, name, password_hash, subject, expires_at)
    VALUES (${id}::uuid, ${canonical}, 'Waiting', '', ${keyOf(canonical)}, now() + interval '7 days')`);
  return storeLink(client, 'confirm_registration', { id, email: canonical });
}

/** A link that would give the account the address, stored behind the back of the service. */
async function linkFor(owner: SignedIn, kind: 'change_email' | 'revert_email', { canonical }: Spellings) {
  const token = await storeLink(client, kind, { id: owner.userId, email: canonical }, { target: canonical });
  await db().query(sql`
    UPDATE one_time_tokens SET target_key = ${keyOf(canonical)}
    WHERE owner_id = ${owner.userId}::uuid AND target_email = ${canonical}`);
  return token;
}

async function expectRefused(answer: Answer): Promise<void> {
  expect([answer.status, answer.json.code], answer.text).toEqual([400, 'token_invalid']);
}

async function expectAt({ userId }: SignedIn, email: string): Promise<void> {
  expect(await db().query(sql`SELECT email FROM users WHERE id = ${userId}::uuid`)).toEqual([{ email }]);
}

describe.each(obstacles)('an address is not to be had while %s (LNK-13)', (_what, put) => {
  test.each([...routes, ...registrations])('by %s, in whatever spelling', async (_route, claim) => {
    for (const spelling of ['canonical', 'inLetters', 'inCapitals'] as const) {
      const address = freshAddress();
      await put(address);
      await claim(address, address[spelling]);
    }
  });
});

describe.each(obstacles.filter(([what]) => !what.includes('never verified')))(
  'an address is not to be had while %s (LNK-13)',
  (_what, put) => {
    test.each(proofs)('by %s, not even by a proof of the mailbox', async (_route, claim) => {
      const address = freshAddress();
      await put(address);
      await claim(address, address.canonical);
    });
  },
);

describe.each(obstacles.slice(1, 3))(
  'a former address is not to be had back while %s (LNK-13)',
  (_what, put) => {
    test.each(waysBack)('by %s', async (_route, claim) => {
      const address = freshAddress();
      await put(address);
      await claim(address, address.canonical);
    });
  },
);

describe('an address that nobody has (LNK-13)', () => {
  test('is to be had in whatever spelling, and is stored in one', async () => {
    for (const spelling of ['canonical', 'inLetters', 'inCapitals'] as const) {
      const [address, owner] = [freshAddress(), await signIn(client)];
      expect((await requestChange(client, owner, address[spelling])).status).toBe(202);
      const token = await tokenFrom(client, address.canonical, 'confirm_email_change');
      expect((await confirm(client, token)).status).toBe(200);
      await expectAt(owner, address.canonical);
      const [row] = await db().query(sql`SELECT address_key FROM users WHERE id = ${owner.userId}::uuid`);
      expect(row).toEqual({ address_key: keyOf(address.canonical) });
    }
  });

  test('is to be had by a proof of the mailbox and the password', async () => {
    const token = await pendingLink(freshAddress());
    const answer = await client.post('/api/auth/email/verify', { token });
    expect([answer.status, answer.json.code]).toEqual([400, 'password_required']);
  });

  test('is to be had though a pending registration waits for it, which goes', async () => {
    const [{ canonical }, owner] = [freshAddress(), await signIn(client)];
    await db().query(sql`
      INSERT INTO registration_attempts (id, email, name, password_hash, subject, expires_at)
      VALUES (gen_random_uuid(), ${canonical}, 'Waiting', '', '', now() + interval '7 days')`);
    const token = await linkTo(client, owner, canonical);
    expect((await confirm(client, token)).status).toBe(200);
    expect(await db().query(sql`SELECT 1 FROM registration_attempts WHERE email = ${canonical}`)).toEqual([]);
  });

  test('is the account’s own in its other spelling: email_unchanged', async () => {
    const address = freshAddress();
    const owner = await accountAt(address.inLetters, address);
    for (const spelling of ['canonical', 'inLetters', 'inCapitals'] as const) {
      const answer = await requestChange(client, owner, address[spelling]);
      expect([answer.status, answer.json.code]).toEqual([400, 'email_unchanged']);
    }
  });
});
