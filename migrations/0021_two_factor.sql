-- Second factors, backup codes, trusted devices, and what counts wrong codes.

CREATE TABLE factors (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,32}$'),
  name text NOT NULL CHECK (length(name) <= 64),
  -- Of TOTP, the secret: sealed for this row and user.
  secret_sealed text COLLATE "C",
  -- Of TOTP, the time step of the last accepted code: no code counts twice.
  last_step bigint,
  last_used_at timestamptz,
  -- The request that used it last, so that a repeat after a lost answer finds its own success.
  last_used_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Null until its first code was entered: it protects nothing before.
  added_at timestamptz,
  -- Since when the account has had it, or those that it replaced: who replaces one has passed that.
  held_since timestamptz,
  CONSTRAINT factors_held_once_added CHECK ((added_at IS NULL) = (held_since IS NULL)),
  CONSTRAINT factors_totp_has_secret CHECK (kind <> 'totp' OR secret_sealed IS NOT NULL)
);

CREATE INDEX factors_user_idx ON factors (user_id);
-- A sealed text begins with the id of its key: those of a key that is being replaced.
CREATE INDEX factors_secret_sealed_idx ON factors (secret_sealed);
-- Unfinished ones, of which an account has one at most, go after an hour.
CREATE UNIQUE INDEX factors_unfinished_idx ON factors (user_id) WHERE added_at IS NULL;
CREATE INDEX factors_unfinished_created_at_idx ON factors (created_at) WHERE added_at IS NULL;

CREATE TABLE backup_codes (
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- SHA-256 of 120 random bits.
  code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
  created_at timestamptz NOT NULL DEFAULT now(),
  used_at timestamptz,
  used_by uuid,
  PRIMARY KEY (user_id, code_hash),
  CONSTRAINT backup_codes_used_by_somebody CHECK ((used_at IS NULL) = (used_by IS NULL))
);

-- The devices on which the user completed a second step: each has tries of its own. All others share a row of the id
-- 00000000-0000-0000-0000-000000000000, and their live sessions one that ends in 1.
CREATE TABLE second_factor_devices (
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  device_id uuid NOT NULL,
  completed_at timestamptz,
  -- Wrong codes since the last right one.
  misses integer NOT NULL DEFAULT 0 CHECK (misses >= 0),
  last_missed_at timestamptz,
  last_missed_by uuid,
  PRIMARY KEY (user_id, device_id)
);

-- Browsers and apps that are not asked for the second factor. What they present is this id with a MAC.
CREATE TABLE trusted_devices (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  device jsonb,
  location jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);

CREATE INDEX trusted_devices_user_idx ON trusted_devices (user_id);
CREATE INDEX trusted_devices_expires_at_idx ON trusted_devices (expires_at);
