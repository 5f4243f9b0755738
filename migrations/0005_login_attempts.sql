-- Attempts to sign in, counted per account (or unknown address) and device in fixed windows. The bucket is made by the
-- service; an address stands in it as an HMAC only.

CREATE TABLE login_attempts (
  -- By bytes, so that the buckets of one account are a range of the key.
  bucket text COLLATE "C" PRIMARY KEY CHECK (length(bucket) <= 128),
  count integer NOT NULL CHECK (count > 0),
  -- The latest one, so that a statement that runs again after a lost answer does not count twice.
  last_attempt_id uuid NOT NULL,
  window_ends_at timestamptz NOT NULL
);

-- Only a new window changes this column, so that counting within one stays a heap-only update.
CREATE INDEX login_attempts_window_ends_at_idx ON login_attempts (window_ends_at);
