import { runScheduled } from '../../src/app.ts';
import type { Env } from '../../src/config.ts';

// The scheduled handler of the service behind a request, since workerd alone fires no trigger.

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    await runScheduled({ cron: new URL(request.url).searchParams.get('cron') ?? '' }, env);
    return new Response('done');
  },
};
