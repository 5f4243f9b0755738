/** An account as the API shows it: never a hash, never an internal flag (PRV-07). */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly emailVerified: boolean;
  readonly twoFactorEnabled: boolean;
  readonly hasPassword: boolean;
  /** Whether nothing sensitive can be done until a reset by mail is completed. */
  readonly recoveryRequired: boolean;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The columns of a `User`, as `userColumns` names them. */
export interface UserRow {
  readonly user_id: string;
  readonly email: string;
  readonly name: string;
  readonly email_verified: boolean;
  readonly two_factor_enabled: boolean;
  readonly has_password: boolean;
  readonly recovery_required: boolean;
  readonly user_created_at: Date;
  readonly user_updated_at: Date;
}

/** Converts the columns of a user to members of the API, here only. */
export function toUser(row: UserRow): User {
  return {
    id: row.user_id,
    email: row.email,
    name: row.name,
    emailVerified: row.email_verified,
    twoFactorEnabled: row.two_factor_enabled,
    hasPassword: row.has_password,
    recoveryRequired: row.recovery_required,
    createdAt: row.user_created_at.toISOString(),
    updatedAt: row.user_updated_at.toISOString(),
  };
}
