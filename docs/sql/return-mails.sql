-- Makes claimed mails due again that were not tried.
-- src/mail/queries.ts

WITH claimed AS MATERIALIZED (
  SELECT m.id FROM mail_outbox m WHERE m.id = ANY ($1::uuid[]) AND m.finished_at IS NULL AND m.attempts > 0
  FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE mail_outbox m SET attempts = m.attempts - 1, next_attempt_at = now()
WHERE m.id = ANY (ARRAY(SELECT c.id FROM claimed c));
