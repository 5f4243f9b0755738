-- What a disowned sign-in came by, so that the identity behind it ends with it, and which identities have ended so.

-- Of a not-me link alone: the way of the sign-in that it is about, as in sessions.method.
ALTER TABLE one_time_tokens ADD COLUMN method text;

-- Identities that ended when the owner disowned a sign-in or took an address back: their address links none of them to the
-- account again. Its owner can, while signed in.
CREATE TABLE disowned_identities (
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  issuer text COLLATE "C" NOT NULL CHECK (length(issuer) <= 512),
  subject text COLLATE "C" NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
  disowned_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, issuer, subject)
);

-- Nor does what the earlier system writes bring one back.
CREATE OR REPLACE FUNCTION users_take_earlier_identity() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  INSERT INTO identities (user_id, provider, issuer, subject, email, is_email_proved)
  SELECT e.user_id, e.provider, e.issuer, e.subject, e.email, true FROM earlier_identities e
  WHERE e.user_id = NEW.id AND NOT EXISTS (
    SELECT FROM disowned_identities d
    WHERE d.user_id = e.user_id AND d.subject = e.subject AND d.issuer IN (e.issuer, 'legacy:' || e.provider))
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$body$;
