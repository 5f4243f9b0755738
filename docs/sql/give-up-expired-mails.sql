-- Gives up at most `limit` mails whose links have expired, and deletes their content.
-- src/mail/queries.ts

WITH expired AS MATERIALIZED (
  SELECT m.id FROM mail_outbox m WHERE m.finished_at IS NULL AND m.expires_at <= now()
  ORDER BY m.expires_at LIMIT $1::int FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE mail_outbox m SET outcome = 'given_up', finished_at = now(), sealed = NULL, facts = NULL
WHERE m.id = ANY (ARRAY(SELECT e.id FROM expired e))
RETURNING m.id, m.kind, m.recipient, m.attempts;
