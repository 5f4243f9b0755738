import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestClient } from '../support/client.ts';
import { freshDatabase } from '../support/database.ts';
import { databaseState } from './database-state.ts';
import { insertAccount } from './insert-account.ts';
import { type Account, registerAccount } from './route-table.ts';

const databases: Awaited<ReturnType<typeof freshDatabase>>[] = [];

beforeAll(async () => {
  databases.push(await freshDatabase(), await freshDatabase());
});
afterAll(() => Promise.all(databases.map(({ drop }) => drop())));

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
    .replace(/(\$argon2id\$v=19\$m=8,t=1,p=1\$)[\w+/]{22}\$[\w+/]{43}/g, '$1<tag>');
}

/** Every row that an account has, in any order. */
async function rowsOf(url: string): Promise<Record<string, string[]>> {
  const tables: { name: string; rows: string | null }[] = JSON.parse(
    await databaseState(url, ['schema_migrations']),
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
  const { accessToken, cookies, refreshToken, links, ...names } = account;
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
    [registerAccount, insertAccount].map(async (make, index) => {
      const url = databases[index]?.url ?? '';
      const account = await make(new TestClient({ DATABASE_URL: url, EMAIL_VERIFICATION: 'off' }));
      return { rows: await rowsOf(url), shape: shape(account) };
    }),
  );
  expect(registered?.rows.users).toHaveLength(2);
  expect(registered?.rows.sessions).toHaveLength(1);
  expect(inserted).toEqual(registered);
});
