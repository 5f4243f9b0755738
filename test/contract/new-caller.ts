import type { Fragment } from '../../src/db/sql.ts';
import type { NewSession } from '../../src/features/sessions/index.ts';
import type { Runtime } from '../../src/runtime.ts';
import { type InsertedUser, newUser } from '../support/inserted-user.ts';
import type { Caller } from './route-table.ts';

/** What an account of the tests is made of: who it is, and the statements that store it, in this order. */
export interface Made<T> {
  readonly account: T;
  readonly statements: readonly Fragment[];
}

/** Somebody with a password and a session that the proof has opened. */
export async function newCaller(
  runtime: Runtime,
  options: Parameters<typeof newUser>[1],
): Promise<Made<Caller> & { readonly session: NewSession }> {
  const { user, ...stored } = await newUser(runtime, options);
  return { account: callerOf(user), ...stored };
}

/** A user as the tables over the routes call on them. */
export function callerOf({ email, userId, accessToken, bodyToken, cookieToken }: InsertedUser): Caller {
  return {
    ...{ email, userId, accessToken, refreshToken: bodyToken },
    cookies: { '__Host-nexora_access': accessToken, '__Host-nexora_refresh': cookieToken },
  };
}
