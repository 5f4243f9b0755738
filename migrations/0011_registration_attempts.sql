-- With EMAIL_VERIFICATION=required a sign-up creates no user: it is kept here until the link in its mail is followed.

CREATE TABLE registration_attempts (
  id uuid PRIMARY KEY,
  email text NOT NULL CHECK (email = lower(email)),
  name text NOT NULL,
  locale text CHECK (length(locale) <= 35),
  password_hash text NOT NULL,
  -- Under which login_attempts count while nobody has the address: an HMAC of it, which the statement that verifies
  -- could not make.
  subject text NOT NULL CHECK (length(subject) <= 100),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);

CREATE INDEX registration_attempts_email_idx ON registration_attempts (email, created_at DESC, id DESC);
CREATE INDEX registration_attempts_expires_at_idx ON registration_attempts (expires_at);
