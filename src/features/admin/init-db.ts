import type { Database } from '../../db/client.ts';
import { DatabaseError } from '../../db/database-error.ts';
import { MigrationError, migrate, type StatementRunner } from '../../db/migrations.ts';
import type { Deps } from '../../deps.ts';
import { commonErrors } from '../../errors.ts';

/**
 * Applies the pending migrations, as `npm run migrate` does.
 * @returns the names of those that this call applied
 * @throws AuthError service_unavailable when the database is unavailable; an unfinished migration is rolled back, and
 * the call can be repeated
 */
export async function initDb({ db }: Pick<Deps, 'db'>): Promise<string[]> {
  // Only this route needs them: neither another request nor the start of the Worker loads them.
  const { readBundledMigrations } = await import('../../db/bundled-migrations.ts');
  try {
    return await migrate(statementRunner(db), await readBundledMigrations());
  } catch (error) {
    const cause = error instanceof MigrationError ? error.cause : error;
    if (cause instanceof DatabaseError && cause.isUnavailable) {
      throw commonErrors.service_unavailable({ internal: error });
    }
    throw error;
  }
}

function statementRunner(db: Database): StatementRunner {
  return {
    query: (statement) => db.query('read-migrations', statement),
    batch: async (statements) => {
      const steps = Object.fromEntries(statements.map((statement, n) => [`statement${n}`, statement]));
      return Object.values(await db.batch('apply-migration', steps));
    },
  };
}
