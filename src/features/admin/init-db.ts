import type { Database } from '../../db/client.ts';
import { DatabaseError } from '../../db/database-error.ts';
import { MigrationError } from '../../db/migrations/migration-error.ts';
import { migrate, type StatementRunner } from '../../db/migrations.ts';
import type { Fragment } from '../../db/sql.ts';
import type { Deps } from '../../deps.ts';
import { commonErrors } from '../../errors.ts';

/** A request may spend 8 s on the database: it tries once, and whoever calls can call again. */
const withinOneRequest = { attemptsMax: 1, buildWaitMs: 4000, pollMs: 200 };

/**
 * Applies the pending migrations, as `npm run migrate` does.
 * @returns the names of those that this call applied
 * @throws AuthError service_unavailable when the database is unavailable or somebody is in the way; an unfinished
 * migration is rolled back, and the call can be repeated
 */
export async function initDb({ db }: Pick<Deps, 'db'>): Promise<string[]> {
  // Only this route needs them: neither another request nor the start of the Worker loads them.
  const { readBundledMigrations } = await import('../../db/bundled-migrations.ts');
  try {
    return await migrate(statementRunner(db), await readBundledMigrations(), {
      runner: 'init-db',
      limits: withinOneRequest,
    });
  } catch (error) {
    const isInTheWay = error instanceof MigrationError && error.isTemporary;
    const cause = error instanceof MigrationError ? error.cause : error;
    if (isInTheWay || (cause instanceof DatabaseError && cause.isUnavailable)) {
      throw commonErrors.service_unavailable({ internal: error });
    }
    throw error;
  }
}

function statementRunner(db: Database): StatementRunner {
  return {
    // What the rows are is written where the runner asks for them.
    query: (statement) => db.query('read-migrations', statement as Fragment<never>),
    batch: async (statements) => {
      const steps = Object.fromEntries(statements.map((statement, n) => [`statement${n}`, statement]));
      return Object.values(await db.batch('apply-migration', steps));
    },
  };
}
