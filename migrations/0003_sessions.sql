-- Sessions: a counter per transport instead of a stored token, instants instead of zoneless times, two ends
-- (effective and absolute), and what a person needs to recognise a device.

ALTER TABLE sessions
  ALTER COLUMN expires_at TYPE timestamptz USING expires_at AT TIME ZONE 'UTC',
  ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC';

UPDATE sessions SET created_at = now() WHERE created_at IS NULL;

ALTER TABLE sessions
  ALTER COLUMN created_at SET NOT NULL,
  ADD COLUMN absolute_expires_at timestamptz,
  ADD COLUMN authenticated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN last_active_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN method text NOT NULL DEFAULT 'legacy',
  ADD COLUMN amr text[] NOT NULL DEFAULT '{}',
  ADD COLUMN cookie_counter integer CHECK (cookie_counter >= 0),
  ADD COLUMN cookie_rotated_at timestamptz,
  ADD COLUMN body_counter integer CHECK (body_counter >= 0),
  ADD COLUMN body_rotated_at timestamptz,
  ADD COLUMN legacy_token_hash bytea CHECK (length(legacy_token_hash) = 32),
  ADD COLUMN ip_address inet,
  ADD COLUMN user_agent text CHECK (length(user_agent) <= 256),
  ADD COLUMN device jsonb,
  ADD COLUMN location jsonb;

-- A token of the earlier system keeps working until its session ends, but only its hash stays. Of equal tokens
-- the one that lives longest keeps it, of those the newest.
UPDATE sessions SET
  absolute_expires_at = expires_at,
  authenticated_at = created_at,
  last_active_at = created_at;

UPDATE sessions s SET legacy_token_hash = sha256(convert_to(s.refresh_token, 'UTF8'))
FROM (
  SELECT DISTINCT ON (refresh_token) id FROM sessions
  WHERE refresh_token IS NOT NULL
  ORDER BY refresh_token, expires_at DESC, created_at DESC, id DESC
) AS newest
WHERE s.id = newest.id;

UPDATE sessions SET refresh_token = NULL WHERE refresh_token IS NOT NULL;

ALTER TABLE sessions
  ALTER COLUMN absolute_expires_at SET NOT NULL,
  ADD CONSTRAINT sessions_ends_in_order CHECK (expires_at <= absolute_expires_at),
  ADD CONSTRAINT sessions_no_plain_token CHECK (refresh_token IS NULL);

CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);
-- Not unique: the earlier system could hold equal tokens.
CREATE INDEX sessions_legacy_token_hash_idx ON sessions (legacy_token_hash) WHERE legacy_token_hash IS NOT NULL;

-- Statements of the earlier system that write a plain token go on working; the token itself is never stored.
CREATE FUNCTION sessions_take_earlier_token() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  NEW.absolute_expires_at := coalesce(NEW.absolute_expires_at, NEW.expires_at);
  IF NEW.refresh_token IS NOT NULL THEN
    NEW.legacy_token_hash := sha256(convert_to(NEW.refresh_token, 'UTF8'));
    NEW.refresh_token := NULL;
    UPDATE sessions SET legacy_token_hash = NULL
    WHERE legacy_token_hash = NEW.legacy_token_hash AND id <> NEW.id;
  END IF;
  RETURN NEW;
END
$body$;

CREATE TRIGGER sessions_take_earlier_token
  BEFORE INSERT OR UPDATE OF refresh_token ON sessions
  FOR EACH ROW WHEN (NEW.refresh_token IS NOT NULL OR NEW.absolute_expires_at IS NULL)
  EXECUTE FUNCTION sessions_take_earlier_token();
