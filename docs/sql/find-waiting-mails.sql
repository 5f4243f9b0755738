-- Returns the unsent mails, newest first.
-- src/features/dev-outbox/queries.ts

SELECT
  m.id, m.kind, m.recipient, m.locale, m.sealed, m.facts, to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "createdAt" FROM mail_outbox m WHERE m.finished_at IS NULL
ORDER BY m.created_at DESC, m.id LIMIT $1::int;
