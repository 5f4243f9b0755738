-- Budgets of mails are counted from the outbox itself, which keeps every row for a day: per recipient, per client and
-- per network of the client. Keyed hashes; null where a mail counts for nobody.

ALTER TABLE mail_outbox
  ADD COLUMN recipient_key text,
  ADD COLUMN client_key text,
  ADD COLUMN network_key text,
  -- The run of a flow that queued it. The request id is for logs alone.
  ADD COLUMN operation_id uuid;

CREATE INDEX mail_outbox_recipient_key_idx ON mail_outbox (recipient_key, created_at) WHERE recipient_key IS NOT NULL;
-- A client's mails are among those of its network.
CREATE INDEX mail_outbox_network_key_idx ON mail_outbox (network_key, created_at) WHERE network_key IS NOT NULL;
CREATE INDEX mail_outbox_operation_idx ON mail_outbox (operation_id) WHERE finished_at IS NULL;

ALTER TABLE security_events ADD COLUMN operation_id uuid;
