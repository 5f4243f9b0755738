import { demoEmail } from '../../address/reserved-email.ts';
import type { User } from '../users/index.ts';

/** The demo user, who has no row in the database. */
export const demoUser: User = {
  id: 'demo-user-id',
  email: demoEmail,
  name: 'Demo User',
  emailVerified: true,
  twoFactorEnabled: false,
  hasPassword: true,
  recoveryRequired: false,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};
