import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import { freshClient, registerUser } from '../support/accounts.ts';
import { TestClient } from '../support/client.ts';
import { freshDatabase } from '../support/database.ts';
import { adminSecret } from '../support/test-env.ts';
import { challenge, codeAt, completeChallenge, freshCode, markVerified } from '../support/two-factor.ts';
import { databaseRows } from './database-state.ts';
import { insertAccount } from './insert-account.ts';
import { type Account, registerAccount } from './route-table.ts';
import { insertTwoFactorAccount } from './two-factor-account.ts';

const minute = 60_000;

/** Replaces what differs between any two accounts by its form: ids, addresses, hashes; of a time, how far off it is. */
function alike(text: string): string {
  return text
    .replace(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, '<uuid>')
    .replace(
      /"(\d{4}-\d\d-\d\dT[^"]+)"/g,
      (_, time) => `"<in ${Math.round((Date.parse(time) - Date.now()) / minute)} min>"`,
    )
    .replace(/"10(?:\.\d{1,3}){3}"/g, '"<address>"')
    .replace(/\\\\x[\da-f]{64}/g, '<hash>')
    .replace(/(address:[\w-]{6}:)[\w-]{43}/g, '$1<tag>')
    .replace(/("secret_sealed":"v1\.[\w-]{6})\.[\w-]{16}\.[\w-]{64}/g, '$1.<sealed>')
    .replace(/("codeChallenge":")[\w-]{43}/g, '$1<challenge>')
    .replace(/("sealed":"v1\.[\w-]{6})\.[\w-]{16}\.[\w-]+/g, '$1.<sealed>')
    .replace(/(\$argon2id\$v=19\$m=8,t=1,p=1\$)[\w+/]{22}\$[\w+/]{43}/g, '$1<tag>');
}

/** Every row that an account has, in any order. */
async function rowsOf(url: string): Promise<Record<string, string[]>> {
  const tables: { name: string; rows: string | null }[] = JSON.parse(
    await databaseRows(url, ['schema_migrations']),
  );
  return Object.fromEntries(
    tables.map(({ name, rows }) => {
      const all: object[] = JSON.parse(rows ?? '[]');
      const texts = all.map((row) => alike(JSON.stringify(row)));
      // What counts for the client is none of the account's.
      return [name, texts.filter((text) => !text.startsWith('{"bucket":"registrations:')).toSorted()];
    }),
  );
}

/** What its credentials say, and how long they are. */
function shape(account: Account): unknown {
  const { accessToken, cookies, refreshToken, links, ...others } = account;
  const { twoFactor: _, passwordless: __, social: ___, ...names } = others;
  const { iat = 0, exp = 0, auth_time, ...claims } = decodeJwt(accessToken);
  return {
    ...{
      refreshTokenLength: refreshToken.length,
      lifetime: exp - iat,
      isFresh: Math.abs(iat - Number(auth_time)) <= 2,
    },
    linkLengths: Object.entries(links).map(([kind, token]) => [kind, token.slice(0, 4), token.length]),
    cookieLengths: Object.entries(cookies).map(([name, token]) => [name, token.length]),
    ...{
      isSameToken: Object.values(cookies).includes(accessToken),
      names: alike(JSON.stringify({ names, claims })),
    },
  };
}

test('an account that a test inserts has the rows and the credentials of one that registered', async () => {
  const [registered, inserted] = await Promise.all(
    [registerAccount, insertAccount].map(async (make) => {
      const url = await freshDatabase();
      const account = await make(new TestClient({ DATABASE_URL: url, EMAIL_VERIFICATION: 'off' }));
      return { rows: await rowsOf(url), shape: shape(account) };
    }),
  );
  expect(registered?.rows.users).toHaveLength(5);
  expect(registered?.rows.sessions).toHaveLength(4);
  expect(inserted).toEqual(registered);
});

/** What comes of a sign-in alone: an inserted account has not used its authenticator yet. */
const traces = ['last_step', 'last_used_at', 'last_used_by', 'last_missed_at', 'last_missed_by'];

/** The rows of the tables that two-factor needs, without those traces; tokens that were spent count as gone. */
async function twoFactorRows(url: string): Promise<Record<string, string[]>> {
  const names = ['factors', 'backup_codes', 'second_factor_devices', 'trusted_devices', 'one_time_tokens'];
  const rows = await rowsOf(url);
  const kept = names.map((name) => {
    const parsed: Record<string, unknown>[] = (rows[name] ?? []).map((row) => JSON.parse(row));
    const left = parsed.filter(({ spent_at, kind }) => !spent_at && !/^(?:verify|not_me)/.test(String(kind)));
    return [
      name,
      left.map((row) => JSON.stringify({ ...row, ...Object.fromEntries(traces.map((t) => [t, 0])) })),
    ];
  });
  const [user] = rows.users?.filter((row) => row.includes('Test User')) ?? [];
  const [session] = rows.sessions?.filter((row) => row.includes('otp')) ?? [];
  return { ...Object.fromEntries(kept), users: [user ?? ''], sessions: [session ?? ''] };
}

test('somebody with two-factor whom a test inserts has the rows of one who turned it on', async () => {
  const [walked, inserted] = [await freshDatabase(), await freshDatabase()];
  const client = new TestClient({ DATABASE_URL: walked, ADMIN_SECRET: adminSecret });
  const registered = await registerUser(client, {}, freshClient());
  const { accessToken, user: owner } = registered.json;
  await markVerified(client, owner.id);
  const { secret } = (await client.post('/api/auth/two-factor/setup', undefined, { bearer: accessToken }))
    .json;
  const first = { code: codeAt(secret) };
  const enabled = await client.post('/api/auth/two-factor/enable', first, { bearer: accessToken });
  expect(enabled.status, enabled.text).toBe(200);
  const user = { email: registered.email, userId: owner.id, secret };
  // Signed in on a further device, which is trusted, and is forgotten: one session is enough to compare.
  const code = () => freshCode(client, user);
  const device = { headers: { 'X-Device-Token': registered.headers.get('X-Device-Token') ?? '' } };
  const { accessToken: bearer } = enabled.json;
  const trusted = await completeChallenge(
    client,
    await challenge(client, user, {}, device),
    { code: await code(), trustDevice: true },
    device,
  );
  await client.post('/api/auth/logout', { refreshToken: trusted.json.refreshToken });
  expect((await client.post('/api/auth/two-factor/setup', undefined, { bearer })).status).toBe(200);
  const path = `/api/admin/users/${user.userId}/two-factor/reset`;
  expect((await client.post(path, undefined, { bearer: adminSecret })).status).toBe(202);
  await challenge(client, user, {}, device);

  await insertTwoFactorAccount(new TestClient({ DATABASE_URL: inserted }));
  expect(await twoFactorRows(inserted)).toEqual(await twoFactorRows(walked));
});
