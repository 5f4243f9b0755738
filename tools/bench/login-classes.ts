import { hashSync } from 'bcryptjs';
import type { StatementRunner } from '../../src/db/migrations.ts';
import { sql } from '../../src/db/sql.ts';

/** A kind of failing login that an attacker must not tell from the others by its time. */
export interface LoginClass {
  readonly name: string;
  /** What stands before the number in its addresses. */
  readonly account: 'known' | 'unknown' | 'passwordless' | 'legacy';
  readonly password: string;
  /** False where the time is told but not judged: a bcrypt hash cannot take the time of another kind (HSH-11). */
  readonly isJudged: boolean;
}

const accountsPerKind = 250;
const wrong = 'not the right password';
/** What the earlier system wrote. */
const legacyCost = 10;

// Lengths at which software cuts or refuses: behind bcrypt's 72 bytes, behind column widths, behind limits in characters.
const overLong = {
  '73 bytes': 'x'.repeat(73),
  '200 bytes': 'x'.repeat(200),
  '300 code points': '🔑'.repeat(300),
};

/** All classes; the first one is what the others are compared with. */
export const loginClasses: readonly LoginClass[] = [
  { name: 'known', account: 'known', password: wrong, isJudged: true },
  { name: 'unknown', account: 'unknown', password: wrong, isJudged: true },
  { name: 'no password', account: 'passwordless', password: wrong, isJudged: true },
  ...Object.entries(overLong).flatMap(([length, password]) => [
    { name: `known, ${length}`, account: 'known' as const, password, isJudged: true },
    { name: `unknown, ${length}`, account: 'unknown' as const, password, isJudged: true },
  ]),
  { name: 'legacy bcrypt', account: 'legacy', password: wrong, isJudged: false },
];

/** A different account each time, so that no limit on attempts is met before all had their turn. */
export function addressOf({ account }: LoginClass, attempt: number): string {
  return `${account}-${attempt % accountsPerKind}@example.com`;
}

/** Copies the hash of the one account that exists to all known ones, so that it is what the service makes today. */
export async function seedAccounts(database: StatementRunner): Promise<void> {
  const legacyHash = hashSync('the right password', legacyCost);
  await database.query(sql`
    INSERT INTO users (email, name, password_hash)
    SELECT k.account || '-' || n || '@example.com', 'Bench', k.hash
    FROM generate_series(0, ${accountsPerKind - 1}::int) n,
      (SELECT 'known', password_hash FROM users
        UNION ALL SELECT 'passwordless', NULL
        UNION ALL SELECT 'legacy', ${legacyHash}::text) AS k(account, hash)`);
  // Otherwise the planner's choice may change in the middle of the run.
  await database.query(sql`ANALYZE users`);
}
