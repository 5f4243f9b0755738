import type { Feature } from '../../feature.ts';

export const feature: Feature = {
  loadRules: async () => (await import('./rules.ts')).rules,
};
