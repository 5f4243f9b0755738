import { DatabaseError } from '../../db/database-error.ts';
import { MigrationError, migrate } from '../../db/migrations.ts';
import type { Deps } from '../../deps.ts';
import { commonErrors } from '../../errors.ts';

/**
 * Applies the migrations that the database does not have yet, as `npm run migrate` does.
 * @returns the names of those that this call applied
 * @throws AuthError service_unavailable when the database could not; what it had begun is undone, and can be repeated
 */
export async function initDb({ db }: Pick<Deps, 'db'>): Promise<string[]> {
  // Nothing but this route needs them: no other request loads them, and the start of the Worker does not either.
  const { readBundledMigrations } = await import('../../db/bundled-migrations.ts');
  try {
    return await migrate(db, await readBundledMigrations());
  } catch (error) {
    const cause = error instanceof MigrationError ? error.cause : error;
    if (cause instanceof DatabaseError && cause.isUnavailable) {
      throw commonErrors.service_unavailable({ internal: error });
    }
    throw error;
  }
}
