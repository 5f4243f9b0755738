-- Users: one account per mailbox whatever the case, instants instead of zoneless times, room for verification,
-- language and bans.

-- Both questions that only an operator can answer are asked before anything changes, so that a refused upgrade
-- leaves the database as it was.
DO $check$
DECLARE
  report text;
BEGIN
  SELECT string_agg(format('  %s: users %s', address, ids), E'\n' ORDER BY address) INTO report
  FROM (
    SELECT lower(btrim(email)) AS address,
      string_agg(format('%s (%s)', id, email), ', ' ORDER BY created_at, id) AS ids
    FROM users GROUP BY lower(btrim(email)) HAVING count(*) > 1
  ) AS collisions;
  IF report IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'unique_violation',
      MESSAGE = 'Some e-mail addresses belong to several users when case and outer spaces are ignored. Nothing was changed.',
      DETAIL = report,
      HINT = 'Decide which account keeps each address; give the others another address or delete them, then migrate again.';
  END IF;

  SELECT string_agg(format('  %s / %s: users %s', oauth_provider, oauth_id, ids), E'\n' ORDER BY oauth_provider, oauth_id)
  INTO report
  FROM (
    SELECT oauth_provider, oauth_id, string_agg(format('%s (%s)', id, email), ', ' ORDER BY created_at, id) AS ids
    -- An empty provider or id is what the earlier system wrote for none.
    FROM users WHERE oauth_provider <> '' AND oauth_id <> ''
    GROUP BY oauth_provider, oauth_id HAVING count(*) > 1
  ) AS collisions;
  IF report IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'unique_violation',
      MESSAGE = 'Some provider identities belong to several users. Nothing was changed.',
      DETAIL = report,
      HINT = 'Decide which account keeps each identity; set oauth_provider and oauth_id of the others to NULL, then migrate again.';
  END IF;
END
$check$;

-- The earlier system wrote UTC into columns without a zone.
ALTER TABLE users
  ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC',
  ALTER COLUMN updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'UTC';

UPDATE users SET created_at = coalesce(created_at, updated_at, now()) WHERE created_at IS NULL;
UPDATE users SET updated_at = created_at WHERE updated_at IS NULL;
UPDATE users SET email = lower(btrim(email)) WHERE email <> lower(btrim(email));

ALTER TABLE users
  ALTER COLUMN created_at SET NOT NULL,
  ALTER COLUMN updated_at SET NOT NULL,
  ADD COLUMN email_verified_at timestamptz,
  ADD COLUMN is_verification_exempt boolean NOT NULL DEFAULT false,
  ADD COLUMN locale text CHECK (length(locale) <= 35),
  ADD COLUMN banned_at timestamptz,
  ADD CONSTRAINT users_email_lower_case CHECK (email = lower(email));

-- Whoever had an account before verification existed keeps it without.
UPDATE users SET is_verification_exempt = true;

CREATE UNIQUE INDEX users_email_lower_key ON users (lower(email));

-- The unique constraint on email already serves every lookup that this index served.
DROP INDEX IF EXISTS idx_users_email;
