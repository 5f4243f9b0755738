import { type Fragment, sql } from '../../../db/sql.ts';

/** A statement that replaces all backup codes of the user in `owner`, a sub-select with `user_id`. A repeat changes nothing. */
export function storeBackupCodes(owner: Fragment, hashes: readonly string[]): Fragment {
  const codes = sql`(SELECT decode(h, 'hex') AS code_hash FROM unnest(${hashes}::text[]) h)`;
  return sql`
    WITH dropped AS (
      DELETE FROM backup_codes b USING ${owner} o
      WHERE b.user_id = o.user_id AND b.code_hash NOT IN (SELECT c.code_hash FROM ${codes} c)
    )
    INSERT INTO backup_codes (user_id, code_hash) SELECT o.user_id, c.code_hash FROM ${owner} o, ${codes} c
    ON CONFLICT (user_id, code_hash) DO NOTHING`;
}
