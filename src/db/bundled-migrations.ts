import type { Migration } from './migrations.ts';

/** One line per file of `migrations/`, which a Worker cannot list. Each is a module that is loaded on demand. */
const files: Readonly<Record<string, () => Promise<{ readonly default: string }>>> = {
  '0001_earlier_schema': () => import('../../migrations/0001_earlier_schema.sql'),
  '0002_users': () => import('../../migrations/0002_users.sql'),
  '0003_sessions': () => import('../../migrations/0003_sessions.sql'),
  '0004_security_events': () => import('../../migrations/0004_security_events.sql'),
  '0005_login_attempts': () => import('../../migrations/0005_login_attempts.sql'),
  '0006_known_devices': () => import('../../migrations/0006_known_devices.sql'),
  '0007_event_retention': () => import('../../migrations/0007_event_retention.sql'),
  '0008_former_session_ids': () => import('../../migrations/0008_former_session_ids.sql'),
  '0009_mail_outbox': () => import('../../migrations/0009_mail_outbox.sql'),
  '0010_one_time_tokens': () => import('../../migrations/0010_one_time_tokens.sql'),
  '0011_registration_attempts': () => import('../../migrations/0011_registration_attempts.sql'),
  '0012_address_keys': () => import('../../migrations/0012_address_keys.sql'),
  '0013_mail_budgets': () => import('../../migrations/0013_mail_budgets.sql'),
  '0014_ways_back': () => import('../../migrations/0014_ways_back.sql'),
  '0015_users_address_key_idx_concurrently': () =>
    import('../../migrations/0015_users_address_key_idx_concurrently.sql'),
  '0016_one_time_tokens_held_key_idx_concurrently': () =>
    import('../../migrations/0016_one_time_tokens_held_key_idx_concurrently.sql'),
  '0017_former_ids_bounded': () => import('../../migrations/0017_former_ids_bounded.sql'),
  '0018_users_two_factor': () => import('../../migrations/0018_users_two_factor.sql'),
  '0019_sessions_second_factor': () => import('../../migrations/0019_sessions_second_factor.sql'),
  '0020_challenges': () => import('../../migrations/0020_challenges.sql'),
  '0021_two_factor': () => import('../../migrations/0021_two_factor.sql'),
  '0022_users_two_factor_reset_at_idx_concurrently': () =>
    import('../../migrations/0022_users_two_factor_reset_at_idx_concurrently.sql'),
  '0023_identities': () => import('../../migrations/0023_identities.sql'),
  '0024_users_recovery': () => import('../../migrations/0024_users_recovery.sql'),
  '0025_sessions_missed': () => import('../../migrations/0025_sessions_missed.sql'),
  '0026_disowned_sign_ins': () => import('../../migrations/0026_disowned_sign_ins.sql'),
  '0027_users_closing_number': () => import('../../migrations/0027_users_closing_number.sql'),
  '0028_security_events_about': () => import('../../migrations/0028_security_events_about.sql'),
  '0029_second_step_devices_added': () => import('../../migrations/0029_second_step_devices_added.sql'),
  '0030_disowned_since': () => import('../../migrations/0030_disowned_since.sql'),
};

/** Loads the migrations of this version of the Worker. */
export function readBundledMigrations(): Promise<Migration[]> {
  return Promise.all(
    Object.entries(files).map(async ([name, load]) => ({ name, sql: (await load()).default })),
  );
}
