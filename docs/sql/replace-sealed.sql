-- Replaces sealed content, if the row still has the one before: a mail that was sent in between has none, and keeps
-- none.
-- src/mail/queries.ts

WITH held AS MATERIALIZED (
  SELECT m.id, r.after
  FROM mail_outbox m JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS r (id, before, after)
    ON r.id = m.id AND r.before = m.sealed
  FOR NO KEY UPDATE OF m SKIP LOCKED
)
UPDATE mail_outbox m SET sealed = h.after FROM held h WHERE m.id = h.id;
