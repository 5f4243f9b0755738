import type { PlantedFault } from '../planted-fault.ts';

/** Sessions (SES), their refresh (RFR), access tokens (JWT) and cookies (CKE). */
export const sessionFaults: readonly PlantedFault[] = [
  {
    id: 'refresh-without-row-lock',
    guarantees: ['RFR-03', 'T37'],
    breaks: 'Refreshes at once judge the same counter, so that one token gets two successors.',
    file: 'src/features/sessions/queries.ts',
    find: 'FOR UPDATE OF s\n',
    replace: '\n',
    tests: ['test/postgres/refresh.test.ts'],
  },
  {
    id: 'refresh-reuse-leaves-session',
    guarantees: ['RFR-02'],
    breaks: 'A refresh token that comes back after its time is refused, and its session lives on.',
    file: 'src/features/sessions/queries.ts',
    find: "j.outcome = 'reuse'",
    replace: "j.outcome = 'reused'",
    tests: ['test/features/sessions/refresh.security.test.ts'],
  },
  {
    id: 'session-of-a-banned-user',
    guarantees: ['SES-16'],
    breaks: 'A session that a banned user still has goes on opening routes.',
    file: 'src/features/sessions/fragments.ts',
    find: 's.expires_at > now() AND u.banned_at IS NULL`',
    replace: 's.expires_at > now()`',
    tests: ['test/features/sessions/ended-sessions.security.test.ts'],
  },
  {
    id: 'cookie-without-secure',
    guarantees: ['CKE-01', 'T23'],
    breaks: 'The cookies of a session travel over plain HTTP.',
    file: 'src/http/cookies.ts',
    find: 'Path=/; Secure; HttpOnly; SameSite=Lax',
    replace: 'Path=/; HttpOnly; SameSite=Lax',
    tests: ['test/http/cookies.test.ts'],
  },
  {
    id: 'jwt-any-audience',
    guarantees: ['JWT-05'],
    breaks: 'An access token for several audiences is taken as one for this service.',
    file: 'src/crypto/jwt.ts',
    find: 'if (aud !== settings.audience || !isText(jti)) return null;',
    replace: 'if (!isText(jti)) return null;',
    tests: ['test/crypto/jwt.security.test.ts'],
  },
];
