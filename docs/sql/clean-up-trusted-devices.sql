-- Deletes up to `limit` devices that are not trusted any longer, in one statement.
-- src/features/trusted-devices/queries.ts

WITH due AS (
  SELECT d.id FROM trusted_devices d WHERE d.expires_at <= now()
  ORDER BY d.expires_at LIMIT $1::int FOR UPDATE SKIP LOCKED
),
deleted AS (
  DELETE FROM trusted_devices d WHERE d.id = ANY (ARRAY(SELECT x.id FROM due x)) RETURNING d.id
)
SELECT count(*)::int AS deleted FROM deleted;
