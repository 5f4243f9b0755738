/**
 * Every type of security event, a name of OWASP's Logging Vocabulary, with the reasons that its records can have. Every
 * language has words for each (`events` of its page about security), and docs/operations.md has a row.
 */
export const eventReasons = {
  user_created: [],
  user_updated: [
    'email_verified',
    'unlocked',
    'not_me',
    'email_change_requested',
    'email_changed',
    'email_reverted',
    'two_factor_enabled',
    'two_factor_disabled',
    'backup_codes_renewed',
    'two_factor_kept',
    'password_withdrawn',
    'identity_linked',
    'identity_unlinked',
    'factor_ended',
    'identity_ended',
    'trusted_device_ended',
  ],
  user_deleted: [],
  authn_login_success: ['reauthentication', 'second_factor'],
  authn_login_fail: [
    'unknown_address',
    'no_password',
    'banned',
    'wrong_password',
    'password_changed',
    'email_not_verified',
    'password_missing',
    'wrong_code',
    'used_code',
    'account_exists',
    'registration_closed',
  ],
  authn_login_lock: [],
  authn_password_change: ['reset'],
  authn_password_change_fail: [
    'wrong_password',
    'no_password',
    'password_missing',
    'password_changed',
    'password_unchanged',
  ],
  authn_token_created: ['password_reset', 'two_factor_challenge', 'second_transport'],
  authn_token_revoked: [
    'logout',
    'session_revoked',
    'sessions_revoked',
    'session_cap',
    'password_change',
    'password_reset',
    'email_verified',
    'email_reverted',
    'not_me',
    'admin',
    'second_factor_guessed',
    'trusted_device',
  ],
  authn_token_reuse: [],
  sensitive_read: ['account_export'],
  authz_admin: ['sign_out', 'ban', 'unban', 'two_factor_reset_announced', 'two_factor_reset'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type EventType = keyof typeof eventReasons;

/** The reasons that an event of this type can have. */
export type EventReason<Type extends EventType> = (typeof eventReasons)[Type][number];

/** A type of event, with one of its own reasons or with none. */
export type TypedEvent<Type extends EventType = EventType> = {
  [Each in Type]: { readonly type: Each; readonly reason?: EventReason<Each> };
}[Type];

type NamesByType = {
  [Type in EventType]: Type | `${Type}:${EventReason<Type>}`;
};

/** What people read of each type of event, and of each of its reasons; `otherwise` is said of one that this version does not know. */
export type EventWords = Readonly<Record<NamesByType[EventType] | 'otherwise', string>>;
