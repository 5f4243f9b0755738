import { defineRoute } from '../../http/route.ts';

/** How long a consumer may cache the keys, in seconds: a new key is published at least this long before it signs. */
const maxAgeSeconds = 600;

const jwksRoute = defineRoute(
  { method: 'GET', path: '/.well-known/jwks.json', guard: 'anyone' },
  {
    answer: (c, { deps }) =>
      c.json(deps.keys.jwks, 200, { 'Cache-Control': `public, max-age=${maxAgeSeconds}` }),
  },
);

export const routes = [jwksRoute];
