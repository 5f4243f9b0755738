-- Reads all parts about the caller in one snapshot, counts the export and records it.
-- src/features/account/export/queries.ts

-- shape 1 of 2

-- step keepUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR KEY SHARE;

-- step keepSession
SELECT CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
    THEN coalesce(s.second_factor_at > now() - make_interval(secs => $1::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
    ELSE s.authenticated_at > now() - make_interval(secs => $2::int) END) THEN ARRAY[$3::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $4 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($5::text[])) THEN $6 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $7 END]::text[], NULL) END END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $8::uuid AND s.user_id = $9::uuid AND s.expires_at > now() AND u.banned_at IS NULL FOR KEY SHARE OF s;

-- step reserve
INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
SELECT s.bucket, 1, $1::uuid, now() + make_interval(secs => $2::int) FROM (SELECT $3::text AS bucket FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $4::uuid AND s.user_id = $5::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $6::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE s.authenticated_at > now() - make_interval(secs => $7::int) END))) s
ON CONFLICT (bucket) DO UPDATE SET
  count = CASE
  WHEN t.window_ends_at <= now() THEN 1
  WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
  ELSE t.count + 1
  END,
  last_attempt_id = excluded.last_attempt_id,
  window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
WHERE t.window_ends_at <= now() OR t.count < $8::int OR (t.count = $9::int AND t.last_attempt_id = excluded.last_attempt_id)
RETURNING t.bucket, t.count AS number;

-- step read
SELECT coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $1::int) AS retry_after_seconds,
  CASE WHEN EXISTS (
  SELECT FROM login_attempts t
  WHERE t.bucket = $2 AND t.last_attempt_id = $3::uuid AND t.count <= $4::int
    AND t.window_ends_at > now()) THEN json_build_object($5::text, (
    SELECT json_build_object('id', u.id, 'email', u.email, 'name', u.name, 'locale', u.locale,
        'emailVerifiedAt', to_char(u.email_verified_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'twoFactorSince', to_char(u.two_factor_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'hasPassword', u.password_hash IS NOT NULL,
        'oauthProvider', u.oauth_provider, 'oauthId', u.oauth_id,
        'createdAt', to_char(u.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updatedAt', to_char(u.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    FROM users u WHERE u.id = c.user_id), $6::text, coalesce((
      SELECT json_agg(json_build_object('id', n.id, 'type', n.type, 'at', to_char(n.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'outcome', n.outcome,
            'method', n.method, 'reason', n.reason, 'sessionId', n.session_id, 'ipAddress', n.ip_address,
            'userAgent', n.user_agent, 'location', n.location)
        ORDER BY n.at DESC, n.id DESC)
      FROM (
        SELECT e.* FROM security_events e WHERE e.user_id = c.user_id
        ORDER BY e.at DESC, e.id DESC LIMIT $7::int
      ) AS n), '[]'), $8::text, coalesce((
      SELECT json_agg(json_build_object('id', s.id, 'createdAt', to_char(s.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'lastActiveAt', to_char(s.last_active_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'authenticatedAt', to_char(s.authenticated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'secondFactorAt', to_char(s.second_factor_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'expiresAt', to_char(s.absolute_expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'ipAddress', s.ip_address, 'location', s.location,
            'userAgent', s.user_agent, 'device', s.device, 'method', s.method)
        ORDER BY s.last_active_at DESC, s.id)
      FROM sessions s WHERE s.user_id = c.user_id), '[]'), $9::text, coalesce((
      SELECT json_agg(json_build_object('kind', m.kind, 'recipient', m.recipient, 'locale', m.locale,
            'createdAt', to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'finishedAt', to_char(m.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'outcome', m.outcome)
        ORDER BY m.created_at DESC, m.id)
      FROM mail_outbox m WHERE m.user_id = c.user_id AND m.kind <> 'confirm_email_change'), '[]'), $10::text, coalesce((
      SELECT json_agg(json_build_object('kind', t.kind, 'email', t.email, 'targetEmail', t.target_email,
            'createdAt', to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'expiresAt', to_char(t.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
        ORDER BY t.created_at DESC, t.token_hash)
      FROM one_time_tokens t
      WHERE t.owner_id = c.user_id AND t.challenge IS NULL AND t.spent_at IS NULL AND t.expires_at > now()), '[]'), $11::text, coalesce((
      SELECT json_agg(json_build_object('id', d.id, 'device', d.device, 'location', d.location,
            'addedAt', to_char(d.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'lastUsedAt', to_char(d.last_used_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'expiresAt', to_char(d.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
        ORDER BY d.created_at DESC, d.id)
      FROM trusted_devices d WHERE d.user_id = c.user_id), '[]'), $12::text, json_build_object(
      'factors', coalesce((
        SELECT json_agg(json_build_object('id', f.id, 'kind', f.kind, 'name', f.name,
              'startedAt', to_char(f.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'addedAt', to_char(f.added_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
              'lastUsedAt', to_char(f.last_used_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) ORDER BY f.created_at, f.id)
        FROM factors f WHERE f.user_id = c.user_id), '[]'),
      'backupCodes', coalesce((
        SELECT json_agg(json_build_object('createdAt', to_char(b.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'usedAt', to_char(b.used_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
          ORDER BY b.created_at, b.used_at)
        FROM backup_codes b WHERE b.user_id = c.user_id), '[]'),
      'devices', coalesce((
        SELECT json_agg(json_build_object('completedAt', to_char(d.completed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
              'lastMissedAt', to_char(d.last_missed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) ORDER BY d.completed_at, d.last_missed_at)
        FROM second_factor_devices d WHERE d.user_id = c.user_id), '[]'),
      'resetAt', (
      SELECT to_char(u.two_factor_reset_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') FROM users u
      WHERE u.id = c.user_id AND coalesce(u.two_factor_reset_at > now(), false))), $13::text, coalesce((
      SELECT json_agg(json_build_object('provider', i.provider, 'issuer', i.issuer, 'subject', i.subject, 'email', i.email,
            'linkedAt', to_char(i.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'lastUsedAt', to_char(i.last_used_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
        ORDER BY i.created_at, i.id)
      FROM identities i WHERE i.user_id = c.user_id), '[]')) END AS data
FROM (SELECT $14::uuid AS user_id, $15::text AS bucket) c;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT $1::uuid, $2, $3, $4::text, $5::text, e.user_id, e.session_id,
  $6::uuid, $7::uuid, $8::inet, $9::text,
  $10::jsonb
FROM (SELECT $11::uuid AS user_id, $12::uuid AS session_id WHERE EXISTS (
    SELECT FROM login_attempts t
    WHERE t.bucket = $13 AND t.last_attempt_id = $14::uuid AND t.count <= $15::int
      AND t.window_ends_at > now())) e ON CONFLICT (id) DO NOTHING;

-- shape 2 of 2

-- step keepUser: as in shape 1

-- step keepSession
SELECT CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
    THEN coalesce(s.second_factor_at > now() - make_interval(secs => $1::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
    ELSE s.authenticated_at > now() - make_interval(secs => $2::int) END) THEN ARRAY[$3::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $4 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($5::text[])) THEN $6 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $7 END]::text[], NULL) END WHEN NOT false THEN ARRAY[$8::text] END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $9::uuid AND s.user_id = $10::uuid AND s.expires_at > now() AND u.banned_at IS NULL FOR KEY SHARE OF s;

-- step reserve
INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
SELECT s.bucket, 1, $1::uuid, now() + make_interval(secs => $2::int) FROM (SELECT $3::text AS bucket FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $4::uuid AND s.user_id = $5::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $6::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE s.authenticated_at > now() - make_interval(secs => $7::int) END) AND false)) s
ON CONFLICT (bucket) DO UPDATE SET
  count = CASE
  WHEN t.window_ends_at <= now() THEN 1
  WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
  ELSE t.count + 1
  END,
  last_attempt_id = excluded.last_attempt_id,
  window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
WHERE t.window_ends_at <= now() OR t.count < $8::int OR (t.count = $9::int AND t.last_attempt_id = excluded.last_attempt_id)
RETURNING t.bucket, t.count AS number;

-- step read: as in shape 1

-- step record: as in shape 1
