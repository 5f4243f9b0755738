import type { Env } from './config.ts';
import { createService } from './service.ts';

const { fetch } = createService();

export default {
  fetch,
  async scheduled(controller: { readonly cron: string }, env: Env) {
    const { runScheduled } = await import('./app.ts');
    await runScheduled(controller, env);
  },
} satisfies ExportedHandler<Env>;
