-- Ends the caller's identity of a provider, and what half a sign-in by it may have left, unless nothing else would let
-- them in: a password, or an identity of another provider that is configured (LNK-08).
-- src/features/social/identities/queries.ts

-- shape 1 of 2

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step keepSession
SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL FOR KEY SHARE OF s;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (
  SELECT s.user_id, s.id AS session_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $10::uuid AND s.user_id = $11::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $12::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE s.authenticated_at > now() - make_interval(secs => $13::int) END))
    AND EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider = $14)
    AND (u.password_hash IS NOT NULL OR EXISTS (
      SELECT FROM identities i WHERE i.user_id = u.id AND NOT (i.provider = $15) AND i.provider = ANY ($16::text[])))) e;

-- step endIdentity
WITH ended AS (
  DELETE FROM identities i USING (
    SELECT e.user_id, e.session_id FROM security_events e
    WHERE e.user_id = $1::uuid AND e.at = now() AND e.operation_id = $2::uuid) o JOIN users u ON u.id = o.user_id
  WHERE i.user_id = u.id AND i.provider = $3
  RETURNING i.user_id, i.subject
)
UPDATE users u SET oauth_provider = NULL, oauth_id = NULL
FROM ended o WHERE u.id = o.user_id AND u.oauth_id = o.subject;

-- step endLinks
DELETE FROM one_time_tokens t USING (SELECT $1::uuid AS user_id WHERE EXISTS (SELECT e.id FROM security_events e
    WHERE e.user_id = $2::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $3::uuid
)) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($4::text[]) );

-- step tellOwner
INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
    operation_id, facts, expires_at, finished_at, outcome)
SELECT gen_random_uuid(), $1, coalesce(r.recipient, ''), r.recipient_key, $2::text,
  $3::text, coalesce(r.locale, $4::text),
  CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, $5::uuid, $6::uuid,
  CASE WHEN r.recipient IS NOT NULL THEN $7::jsonb END,
  now() + make_interval(secs => $8::int),
  CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
FROM (
  SELECT s.user_id, s.locale, s.recipient_key AS recipient_key,
    CASE WHEN ((
      SELECT count(*) FILTER (WHERE o.kind = $9 AND o.created_at > now() - make_interval(secs => $10::int)) < $11::int
        AND count(*) FILTER (WHERE o.kind = $12)
        < CASE WHEN s.is_verified THEN $13::int ELSE $14::int END
        AND (s.is_verified OR count(*) < $15::int)
      FROM mail_outbox o
      WHERE o.recipient_key = s.recipient_key AND o.created_at > now() - make_interval(secs => $16::int)
        AND o.outcome IS DISTINCT FROM 'dropped' )) THEN s.recipient::text END AS recipient
  FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (
      SELECT e.user_id, e.session_id FROM security_events e
      WHERE e.user_id = $17::uuid AND e.at = now() AND e.operation_id = $18::uuid) e JOIN users u ON u.id = e.user_id) s
  WHERE true
) r
WHERE $19::boolean OR r.recipient IS NOT NULL;

-- step answer
SELECT CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
    THEN coalesce(s.second_factor_at > now() - make_interval(secs => $1::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
    ELSE s.authenticated_at > now() - make_interval(secs => $2::int) END) THEN ARRAY[$3::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $4 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($5::text[])) THEN $6 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $7 END]::text[], NULL) END END AS refused_by, EXISTS (SELECT e.id FROM security_events e
  WHERE e.user_id = $8::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $9::uuid
) AS is_ended,
  EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider = $10) AS is_linked
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $11::uuid AND s.user_id = $12::uuid AND s.expires_at > now() AND u.banned_at IS NULL;

-- shape 2 of 2

-- step holdUser: as in shape 1

-- step keepSession: as in shape 1

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (
  SELECT s.user_id, s.id AS session_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $10::uuid AND s.user_id = $11::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $12::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE s.authenticated_at > now() - make_interval(secs => $13::int) END) AND false)
    AND EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider = $14)
    AND (u.password_hash IS NOT NULL OR EXISTS (
      SELECT FROM identities i WHERE i.user_id = u.id AND NOT (i.provider = $15) AND i.provider = ANY ($16::text[])))) e;

-- step endIdentity: as in shape 1

-- step endLinks: as in shape 1

-- step tellOwner: as in shape 1

-- step answer
SELECT CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
    THEN coalesce(s.second_factor_at > now() - make_interval(secs => $1::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
    ELSE s.authenticated_at > now() - make_interval(secs => $2::int) END) THEN ARRAY[$3::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $4 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($5::text[])) THEN $6 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $7 END]::text[], NULL) END WHEN NOT false THEN ARRAY[$8::text] END AS refused_by, EXISTS (SELECT e.id FROM security_events e
  WHERE e.user_id = $9::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $10::uuid
) AS is_ended,
  EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider = $11) AS is_linked
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $12::uuid AND s.user_id = $13::uuid AND s.expires_at > now() AND u.banned_at IS NULL;
