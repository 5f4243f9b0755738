-- Deletes up to `limit` mails that were finished more than a day ago, in one statement.
-- src/mail/queries.ts

WITH due AS (
  SELECT m.id FROM mail_outbox m WHERE m.finished_at <= now() - interval '1 day'
  ORDER BY m.finished_at LIMIT $1::int FOR UPDATE SKIP LOCKED
),
deleted AS (
  DELETE FROM mail_outbox m WHERE m.id = ANY (ARRAY(SELECT d.id FROM due d)) RETURNING m.id
)
SELECT count(*)::int AS deleted FROM deleted;
