import { retryAfterSeconds } from '../../http/problem.ts';
import { defineOpenRoute, defineRoute } from '../../http/route.ts';
import { checkHealth } from './check-health.ts';

const healthRoute = defineRoute(
  { method: 'GET', path: '/api/health', guard: 'anyone' },
  {
    async answer(c, { deps }) {
      const { isHealthy, isDatabaseConnected, latencyMs } = await checkHealth(deps);
      const database = {
        status: isDatabaseConnected ? 'connected' : 'disconnected',
        latency: `${latencyMs}ms`,
      };
      const body = { status: isHealthy ? 'healthy' : 'unhealthy', services: { database } };
      return isHealthy ? c.json(body) : c.json(body, 503, { 'Retry-After': String(retryAfterSeconds) });
    },
  },
);

const liveRoute = defineOpenRoute('/api/health/live', (c) => c.json({ status: 'alive' }));

export const routes = [healthRoute, liveRoute];
