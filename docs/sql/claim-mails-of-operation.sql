-- Claims the mails that one request has queued, in the same way.
-- src/mail/queries.ts

WITH due AS MATERIALIZED (
  SELECT m.id FROM mail_outbox m
  WHERE m.operation_id = $1::uuid AND m.finished_at IS NULL AND m.next_attempt_at <= now() AND m.expires_at > now()
  ORDER BY m.next_attempt_at LIMIT $2::int FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE mail_outbox m
SET attempts = m.attempts + 1,
  next_attempt_at = now() + make_interval(secs => least($3::int, $4::int * 2 ^ least(m.attempts, 10)))
WHERE m.id = ANY (ARRAY(SELECT d.id FROM due d))
RETURNING m.id, m.kind, m.recipient, m.locale, m.sealed, m.facts, m.attempts, to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "createdAt";
