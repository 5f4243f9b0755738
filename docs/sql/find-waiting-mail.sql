-- Returns one unsent mail; undefined when there is none with this id.
-- src/features/dev-outbox/queries.ts

SELECT
  m.id, m.kind, m.recipient, m.locale, m.sealed, m.facts, to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "createdAt" FROM mail_outbox m WHERE m.id = $1::uuid AND m.finished_at IS NULL;
