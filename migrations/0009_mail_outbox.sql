-- Mails: a row is written with the change that causes it, and sent after the answer or by cron. What the template needs
-- is there until the mail is sent, sealed where it holds a token. No foreign key: a mail outlives the account it is about.

CREATE TABLE mail_outbox (
  id uuid PRIMARY KEY,
  kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,64}$'),
  recipient text NOT NULL,
  locale text CHECK (length(locale) <= 35),
  user_id uuid,
  request_id uuid NOT NULL,
  sealed text,
  facts jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Given up then: a link that has expired helps nobody.
  expires_at timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  outcome text CHECK (outcome IN ('sent', 'given_up', 'dropped')),
  CONSTRAINT mail_outbox_finished_has_outcome CHECK ((finished_at IS NULL) = (outcome IS NULL)),
  CONSTRAINT mail_outbox_finished_is_wiped CHECK (finished_at IS NULL OR (sealed IS NULL AND facts IS NULL))
);

CREATE INDEX mail_outbox_due_idx ON mail_outbox (next_attempt_at) WHERE finished_at IS NULL;
CREATE INDEX mail_outbox_request_idx ON mail_outbox (request_id) WHERE finished_at IS NULL;
CREATE INDEX mail_outbox_expiring_idx ON mail_outbox (expires_at) WHERE finished_at IS NULL;
CREATE INDEX mail_outbox_user_idx ON mail_outbox (user_id);
CREATE INDEX mail_outbox_finished_idx ON mail_outbox (finished_at) WHERE finished_at IS NOT NULL;
