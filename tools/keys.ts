import { generateSecrets } from './generate-secrets.ts';

// `npm run keys`: lines for .dev.vars, or values for `wrangler secret put NAME`.
for (const [name, value] of Object.entries(await generateSecrets())) console.log(`${name}=${value}`);
