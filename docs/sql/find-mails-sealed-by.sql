-- Finds up to `limit` waiting mails whose sealed content begins in this way.
-- src/mail/queries.ts

SELECT m.id, m.kind, m.recipient, m.sealed FROM mail_outbox m
WHERE m.finished_at IS NULL AND starts_with(m.sealed, $1) LIMIT $2::int;
