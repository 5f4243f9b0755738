-- One-time tokens: what a link in a mail proves. Stored as SHA-256, spent once.

CREATE TABLE one_time_tokens (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,64}$'),
  -- The user; of a registration, the attempt. Null where nobody has the address: asking then costs the same. No foreign
  -- key, since its check would cost what a stranger could measure.
  owner_id uuid,
  -- The address that it was sent to.
  email text,
  -- Of a change, the address to come; of its way back, the one to restore.
  target_email text,
  -- Of an unlock, the bucket of attempts that was locked.
  bucket text CHECK (length(bucket) <= 128),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  spent_at timestamptz,
  -- The request that spent it, so that a repeat after a lost answer finds its own success.
  spent_by uuid,
  CONSTRAINT one_time_tokens_spent_by_somebody CHECK ((spent_at IS NULL) = (spent_by IS NULL))
);

CREATE INDEX one_time_tokens_owner_idx ON one_time_tokens (owner_id);
CREATE INDEX one_time_tokens_expires_at_idx ON one_time_tokens (expires_at);
-- An address that its former owner can still have back is not free to others.
CREATE INDEX one_time_tokens_held_email_idx ON one_time_tokens (target_email) WHERE kind = 'revert_email';
