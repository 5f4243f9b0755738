-- What happened to an account. No foreign key to users: the record outlives the account, and a key here deadlocks
-- theft detection against account deletion.

CREATE TABLE security_events (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  at timestamptz NOT NULL DEFAULT now(),
  user_id uuid,
  session_id uuid,
  type text NOT NULL CHECK (type ~ '^[a-z_]{1,64}$'),
  outcome text NOT NULL CHECK (outcome IN ('success', 'failure')),
  method text,
  reason text,
  request_id uuid NOT NULL,
  ip_address inet,
  user_agent text CHECK (length(user_agent) <= 256),
  device jsonb,
  location jsonb
);

CREATE INDEX security_events_user_idx ON security_events (user_id, at DESC, id DESC);
CREATE INDEX security_events_at_idx ON security_events (at);
