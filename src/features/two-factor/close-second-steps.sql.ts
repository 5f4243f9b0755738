import { type Fragment, join, sql } from '../../db/sql.ts';
import type { ClosingScope, Credentials, Ending } from '../../joints/closing.ts';
import { missesMax } from './check/check.sql.ts';
import { factorCells } from './close-factors.sql.ts';

type SecondStepKind = 'second_step_device' | 'second_step_misses';

/**
 * Devices on which a second step was completed, which have codes of their own and nothing else; and the wrong codes that are
 * counted behind the present password: whoever has lost that withdraws no later one (OTP-14). Once an account was guessed at,
 * a right code alone clears the count (OTP-14).
 */
export const secondStepCredentials: Credentials<SecondStepKind> = {
  step: 'endSecondSteps',
  cells: {
    second_step_device: { ...factorCells, recovery_completed: 'since', two_factor_enabled: 'kept' },
    second_step_misses: {
      ...factorCells,
      password_reset: 'ended',
      recovery_completed: 'ended',
      not_me: 'kept',
      email_reverted: 'kept',
      password_changed: 'ended',
      two_factor_disabled: 'kept',
      two_factor_reset: 'kept',
    },
  },
  close: closeSecondSteps,
};

/** Rows stay for what is counted in them. */
function closeSecondSteps(
  { ended, since: sinceKinds }: Ending<SecondStepKind>,
  { ownerOnce: owner, since }: ClosingScope,
): Fragment {
  const isLater = sql`coalesce(d.added_at, d.completed_at) >= ${since ?? sql`NULL`}::timestamptz`;
  const isDeviceEnded = ended.includes('second_step_device')
    ? sql`true`
    : sinceKinds.includes('second_step_device')
      ? isLater
      : null;
  const changes = [
    ...(isDeviceEnded === null
      ? []
      : [sql`completed_at = CASE WHEN ${isDeviceEnded} THEN NULL ELSE d.completed_at END`]),
    ...(ended.includes('second_step_misses')
      ? [sql`misses = CASE WHEN d.misses < ${missesMax}::int THEN 0 ELSE d.misses END`]
      : []),
  ];
  return sql`UPDATE second_factor_devices d SET ${join(changes, ', ')} FROM ${owner} o WHERE d.user_id = o.user_id`;
}
