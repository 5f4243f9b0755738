-- Re-authentication and a password change give a session another id. Tokens from before name it by its former one: they
-- open nothing, but a logout with one of them still has to end the session.

CREATE TABLE former_session_ids (
  id uuid PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions (id) ON UPDATE CASCADE ON DELETE CASCADE
);

CREATE INDEX former_session_ids_session_id_idx ON former_session_ids (session_id);
