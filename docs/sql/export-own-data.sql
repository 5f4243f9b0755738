-- Reads all parts about the caller in one snapshot, and records the reading, once per request.
-- src/features/account/export/queries.ts

WITH caller AS MATERIALIZED (
  SELECT s.user_id, s.id AS session_id, s.authenticated_at > now() - make_interval(secs => $1::int) AS is_recent FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $2::uuid AND s.user_id = $3::uuid AND s.expires_at > now() AND u.banned_at IS NULL
),
exported AS (
  SELECT c.user_id, c.session_id FROM caller c
  WHERE c.is_recent AND NOT EXISTS (SELECT e.id FROM security_events e
    WHERE e.user_id = $4::uuid AND e.at > now() - interval '1 minute' AND e.request_id = $5::uuid)
),
exported_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $6, $7, $8::text, $9::text, e.user_id, e.session_id,
    $10::uuid, $11::inet, $12::text,
    $13::jsonb
  FROM exported e )
SELECT c.is_recent, CASE WHEN c.is_recent THEN json_build_object($14::text, (
    SELECT json_build_object('id', u.id, 'email', u.email, 'name', u.name, 'locale', u.locale,
        'emailVerifiedAt', to_char(u.email_verified_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'hasPassword', u.password_hash IS NOT NULL,
        'oauthProvider', u.oauth_provider, 'oauthId', u.oauth_id,
        'createdAt', to_char(u.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updatedAt', to_char(u.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    FROM users u WHERE u.id = c.user_id), $15::text, coalesce((
      SELECT json_agg(json_build_object('id', s.id, 'createdAt', to_char(s.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'lastActiveAt', to_char(s.last_active_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'authenticatedAt', to_char(s.authenticated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'expiresAt', to_char(s.absolute_expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'ipAddress', s.ip_address, 'location', s.location,
            'userAgent', s.user_agent, 'device', s.device, 'method', s.method)
        ORDER BY s.last_active_at DESC, s.id)
      FROM sessions s WHERE s.user_id = c.user_id), '[]'), $16::text, coalesce((
      SELECT json_agg(json_build_object('id', n.id, 'type', n.type, 'at', to_char(n.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'outcome', n.outcome,
            'method', n.method, 'reason', n.reason, 'sessionId', n.session_id, 'ipAddress', n.ip_address,
            'userAgent', n.user_agent, 'location', n.location)
        ORDER BY n.at DESC, n.id DESC)
      FROM (
        SELECT e.* FROM security_events e WHERE e.user_id = c.user_id
        ORDER BY e.at DESC, e.id DESC LIMIT $17::int
      ) AS n), '[]'), $18::text, coalesce((
      SELECT json_agg(json_build_object('kind', t.kind, 'email', t.email, 'targetEmail', t.target_email,
            'createdAt', to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'expiresAt', to_char(t.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
        ORDER BY t.created_at DESC, t.token_hash)
      FROM one_time_tokens t
      WHERE t.owner_id = c.user_id AND t.spent_at IS NULL AND t.expires_at > now()), '[]'), $19::text, coalesce((
      SELECT json_agg(json_build_object('kind', m.kind, 'recipient', m.recipient, 'locale', m.locale,
            'createdAt', to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'finishedAt', to_char(m.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'outcome', m.outcome)
        ORDER BY m.created_at DESC, m.id)
      FROM mail_outbox m WHERE m.user_id = c.user_id AND m.kind <> 'confirm_email_change'), '[]')) END AS data
FROM caller c;
