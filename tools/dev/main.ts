import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { createDevVars, missingDevVars, readDevVars } from '../dev-vars.ts';
import { findFreePort } from '../free-port.ts';
import { projectFolder } from '../project.ts';
import { demoLogin } from './demo-login.ts';
import { mailDestination } from './mail-destination.ts';
import { type DevDatabase, startDatabase } from './start-database.ts';
import { type DevIssuers, startIssuers } from './start-issuers.ts';
import { startWrangler } from './start-wrangler.ts';
import { writeVariables } from './worker-variables.ts';

const help = `npm run dev                 database and Worker on this machine; Ctrl-C ends both
npm run dev -- --port 9000  the Worker on another port than 8787

The database is an embedded PostgreSQL with its data in .data; remove that folder to start with an empty one.
Two identity providers run beside it, which let in whoever asks; their data goes with them.
The configuration is in .dev.vars, which is made from .dev.vars.example when it is missing.`;

const defaultPort = 8787;

process.exitCode = await main();

async function main(): Promise<number> {
  // Installed first, and also for a closed terminal: nothing may be left running.
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  let database: DevDatabase | undefined;
  let issuers: DevIssuers | undefined;
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean' }, port: { type: 'string' } } });
    if (values.help) {
      console.log(help);
      return 0;
    }
    const port = await choosePort(values.port);
    const devVars = await prepareDevVars();
    console.log('Starting the database ...');
    database = await startDatabase();
    for (const name of database.applied) console.log(`applied ${name}`);
    const baseUrl = baseUrlFor(port, devVars.BASE_URL);
    issuers = await startIssuers({ baseUrl, configured: devVars.OIDC_PROVIDERS });
    return await runWorker({ port, baseUrl, devVars, database, issuers }, interrupted);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    await issuers?.stop();
    await database?.close();
  }
}

/** What one `npm run dev` is made of. */
interface DevSetUp {
  readonly port: number;
  readonly baseUrl: string;
  readonly devVars: Readonly<Record<string, string>>;
  readonly database: DevDatabase;
  readonly issuers: DevIssuers;
}

/** Chooses the requested port, or the default one, or the next free one. */
async function choosePort(asked: string | undefined): Promise<number> {
  const wanted = asked === undefined ? defaultPort : Number(asked);
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > 65_535)
    throw new Error(`--port ${asked} is not a port`);
  const port = await findFreePort(wanted);
  if (port === wanted) return port;
  if (asked !== undefined) throw new Error(`Something listens on port ${wanted} already. ${port} is free.`);
  console.log(`Something listens on port ${wanted} already: taking ${port}.`);
  return port;
}

/** Reads `.dev.vars`; creates the file when it is missing. */
async function prepareDevVars(): Promise<Readonly<Record<string, string>>> {
  const path = join(projectFolder, '.dev.vars');
  const found = await readDevVars(path);
  if (found === undefined) {
    await createDevVars(join(projectFolder, '.dev.vars.example'), path);
    console.log('Made .dev.vars, with fresh secrets.');
    return (await readDevVars(path)) ?? {};
  }
  const missing = missingDevVars(found);
  if (missing.length > 0) {
    console.log(
      `.dev.vars has no ${missing.join(', ')}: see .dev.vars.example; \`npm run keys\` prints fresh secrets.`,
    );
  }
  return found;
}

async function runWorker(setUp: DevSetUp, interrupted: Promise<void>): Promise<number> {
  const { port, baseUrl, devVars, database, issuers } = setUp;
  const variables = await writeVariables({
    ...devVars,
    BASE_URL: baseUrl,
    DATABASE_URL: database.url,
    DATABASE_HTTP_ENDPOINT: database.endpoint,
    OIDC_PROVIDERS: issuers.providers,
  });
  const wrangler = startWrangler({
    port,
    variablesPath: variables.path,
    onReady: () => console.log(describe(setUp)),
  });
  try {
    const code = await Promise.race([interrupted, wrangler.ended]);
    if (code === undefined) console.log('Stopping ...');
    else console.error(`wrangler has ended with code ${code}`);
    // A requested stop is a success.
    return code === undefined ? 0 : code || 1;
  } finally {
    await wrangler.stop();
    await variables.remove();
  }
}

/** A local URL follows the port; another one, such as that of a tunnel, is kept. */
function baseUrlFor(port: number, configured: string | undefined): string {
  const url = URL.parse(configured ?? '');
  const isElsewhere = url !== null && !['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  return isElsewhere ? url.origin : `http://localhost:${port}`;
}

function describe({ port, baseUrl, devVars, database, issuers }: DevSetUp): string {
  const local = `http://localhost:${port}`;
  const lines = [
    `NEXORA Auth   ${local}${baseUrl === local ? '' : `, known as ${baseUrl}`}`,
    `Health        ${local}/api/health`,
    `Database      ${database.endpoint}, data in ${relative(process.cwd(), database.folder)}`,
    `Mails         ${mailDestination(devVars, local)}`,
    `Pages         ${local}/${issuers.url === undefined ? '' : `   (local identity provider at ${issuers.url})`}`,
    `Delivery      curl "${local}/cdn-cgi/local/scheduled?cron=*/5+*+*+*+*"`,
    `Clean-up      curl "${local}/cdn-cgi/local/scheduled?cron=0+2+*+*+*"`,
  ];
  const login = demoLogin(devVars);
  if (login !== undefined) lines.push(login);
  if (devVars.DATABASE_URL !== undefined && devVars.DATABASE_URL !== database.url) {
    lines.push('The DATABASE_URL of .dev.vars is not used here: `npx wrangler dev` uses it.');
  }
  return [...lines, 'Ctrl-C stops all of it.'].join('\n');
}
