import { type NeonQueryFunction, neon } from '@neondatabase/serverless';
import { Hono } from 'hono';

// The floor of a start: what every service with this framework and this database evaluates.

let query: NeonQueryFunction<false, false> | undefined;

const app = new Hono<{ Bindings: { readonly DATABASE_URL: string } }>();
app.get('/api/health/live', (c) => {
  query ??= neon(c.env.DATABASE_URL, { disableWarningInBrowsers: true });
  return c.json({ success: query !== undefined });
});

export default app;
