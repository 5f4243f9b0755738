import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  loadRules: async () => (await import('./rules.ts')).rules,
};
