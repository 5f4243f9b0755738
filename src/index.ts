import { createApp, runScheduled } from './app.ts';
import type { Env } from './config.ts';

const { fetch } = createApp();

export default { fetch, scheduled: runScheduled } satisfies ExportedHandler<Env>;
