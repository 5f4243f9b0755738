-- Replaces sealed content, if the row still has the one before: a mail that was sent in between has none, and keeps
-- none.
-- src/mail/queries.ts

WITH held AS MATERIALIZED (
  SELECT x.id, r.after
  FROM mail_outbox x JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS r (id, before, after)
    ON r.id = x.id AND r.before = x.sealed
  FOR NO KEY UPDATE OF x SKIP LOCKED
)
UPDATE mail_outbox x SET sealed = h.after FROM held h WHERE x.id = h.id;
