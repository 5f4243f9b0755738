import { buildWorker, builtFolder, writeModules } from './build-worker.ts';

// `npm run bundle`: what `wrangler dev` and `wrangler deploy` run first, since they take the modules as they are.

const { modules } = await buildWorker();
await writeModules(modules, builtFolder);
