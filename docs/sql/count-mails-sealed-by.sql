-- Counts the waiting mails whose sealed content begins in this way.
-- src/mail/queries.ts

SELECT count(*)::int AS count FROM mail_outbox m
WHERE m.finished_at IS NULL AND starts_with(m.sealed, $1);
