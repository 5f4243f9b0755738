import { createApp, runScheduled } from './app.ts';
import type { Env } from './config.ts';

const app = createApp();

export default {
  fetch: app.fetch,
  scheduled: runScheduled,
} satisfies ExportedHandler<Env>;
