import { DatabaseError } from '../../db/database-error.ts';

/**
 * Runs a batch that gives an account an address, and returns what that does: null when somebody else has taken the address
 * since the claim on it was judged. The unique index has the last word, and the whole batch is rolled back.
 */
export async function unlessTaken<T>(carryOut: () => Promise<T>): Promise<T | null> {
  try {
    return await carryOut();
  } catch (error) {
    // An UPDATE has no ON CONFLICT.
    if (error instanceof DatabaseError && isEmailTaken(error)) return null;
    throw error;
  }
}

function isEmailTaken({ code, constraint }: DatabaseError): boolean {
  return code === '23505' && constraint !== null && constraint.startsWith('users_email');
}
