-- The order of the former ids of a session, so that only the last twenty are kept. A constant to PostgreSQL, which
-- rewrites no row for it: those from before get the time of the migration.

ALTER TABLE former_session_ids ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
