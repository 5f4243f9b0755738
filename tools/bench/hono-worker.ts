import { Hono } from 'hono';

// Part of the floor of a start: Hono alone.

const app = new Hono();
app.get('/api/health/live', (c) => c.json({ success: true }));

export default app;
