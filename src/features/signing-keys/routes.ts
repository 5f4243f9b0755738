import { defineRoute } from '../../http/route.ts';

/** Seconds for which a consumer may keep the keys: a new key is appended this long before it signs (DESIGN 4). */
const maxAgeSeconds = 600;

const jwksRoute = defineRoute(
  { method: 'GET', path: '/.well-known/jwks.json', guard: 'anyone' },
  (c, { deps }) => {
    return c.json(deps.keys.jwks, 200, { 'Cache-Control': `public, max-age=${maxAgeSeconds}` });
  },
);

export const routes = [jwksRoute];
