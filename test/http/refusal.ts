import { AuthError } from '../../src/errors.ts';

/** The AuthError that `run` throws. Fails the test when it throws none, or anything else. */
export function refusal(run: () => unknown): AuthError {
  try {
    run();
  } catch (error) {
    if (error instanceof AuthError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** The AuthError that `promise` rejects with. Fails the test when there is none, or anything else. */
export async function refusalOf(promise: Promise<unknown>): Promise<AuthError> {
  const outcome = await promise.then(
    () => new Error('nothing was refused'),
    (error: unknown) => error,
  );
  if (outcome instanceof AuthError) return outcome;
  throw outcome;
}
