import type { EventKind } from '../security-events/index.ts';

/** The event of a first verification. */
export const emailVerified: EventKind = {
  type: 'user_updated',
  outcome: 'success',
  reason: 'email_verified',
};
