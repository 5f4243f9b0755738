-- Identities at other providers by which people sign in, and the tokens of a provider that have to be revoked when an
-- identity is gone.

CREATE TABLE identities (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- The id under which the provider is configured.
  provider text NOT NULL CHECK (provider ~ '^[a-z0-9_-]{1,50}$'),
  -- Who says so: with the subject it is the identity, whatever the provider is called. `legacy:` and a name where the
  -- earlier system did not know.
  issuer text COLLATE "C" NOT NULL CHECK (length(issuer) <= 512),
  subject text COLLATE "C" NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
  -- What the provider said when the identity was added: a later address there changes nothing here.
  email text CHECK (length(email) <= 255),
  -- Whether a provider that is trusted for it vouched for that address.
  is_email_proved boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz,
  -- The request that added it, so that a repeat after a lost answer finds its own success.
  added_by uuid,
  CONSTRAINT identities_issuer_subject_key UNIQUE (issuer, subject),
  CONSTRAINT identities_user_provider_key UNIQUE (user_id, provider)
);

CREATE TABLE provider_tokens (
  id uuid PRIMARY KEY,
  -- Null once the identity is gone, however that came: then the token is to be revoked.
  identity_id uuid CONSTRAINT provider_tokens_identity_key UNIQUE REFERENCES identities (id) ON DELETE SET NULL,
  provider text NOT NULL CHECK (provider ~ '^[a-z0-9_-]{1,50}$'),
  -- To which the provider gave it: the same has to revoke it.
  client_id text NOT NULL CHECK (length(client_id) <= 255),
  sealed text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  due_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX provider_tokens_due_at_idx ON provider_tokens (due_at) WHERE identity_id IS NULL;
-- A sealed text begins with the id of its key: those of a key that is being replaced.
CREATE INDEX provider_tokens_sealed_idx ON provider_tokens (sealed);

-- What the earlier system stored of identities. An empty provider or id is what it wrote for none.
CREATE VIEW earlier_identities AS
SELECT l.user_id, l.provider,
  CASE l.provider
    WHEN 'google' THEN 'https://accounts.google.com'
    WHEN 'github' THEN 'https://github.com/login/oauth'
    WHEN 'apple' THEN 'https://appleid.apple.com'
    ELSE 'legacy:' || l.provider END AS issuer,
  l.subject, l.email, l.created_at
FROM (
  SELECT u.id AS user_id, regexp_replace(lower(btrim(u.oauth_provider)), '[^a-z0-9_-]', '-', 'g') AS provider,
    u.oauth_id AS subject, u.email, u.created_at
  FROM users u WHERE btrim(u.oauth_provider) <> '' AND u.oauth_id <> ''
) AS l;

-- Statements of the earlier system that write an identity go on working: it is one at once, unless somebody else has it, or
-- the account has one of that provider.
CREATE FUNCTION users_take_earlier_identity() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  INSERT INTO identities (user_id, provider, issuer, subject, email, is_email_proved)
  SELECT e.user_id, e.provider, e.issuer, e.subject, e.email, true FROM earlier_identities e WHERE e.user_id = NEW.id
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$body$;

CREATE TRIGGER users_take_earlier_identity
  AFTER INSERT OR UPDATE OF oauth_provider, oauth_id ON users
  FOR EACH ROW WHEN (NEW.oauth_provider IS NOT NULL AND NEW.oauth_id IS NOT NULL)
  EXECUTE FUNCTION users_take_earlier_identity();

-- The earlier system made accounts of what the provider said, so that the address is the account's.
INSERT INTO identities (user_id, provider, issuer, subject, email, is_email_proved, created_at)
SELECT e.user_id, e.provider, e.issuer, e.subject, e.email, true, e.created_at FROM earlier_identities e
ON CONFLICT DO NOTHING;
