import { hostname as machine } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { NeonDbError } from '@neondatabase/serverless';
import { MigrationError } from '../src/db/migrations/migration-error.ts';
import { type MigrateOptions, type MigrationStatus, migrate, migrationStatus } from '../src/db/migrations.ts';
import { readDevVars } from './dev-vars.ts';
import { findDirectUrl, openDirectConnection } from './direct-connection.ts';
import { explainDatabaseError } from './explain-database-error.ts';
import { openDatabase, readMigrations } from './node-database.ts';
import { projectFolder } from './project.ts';

const help = `npm run migrate                  applies migrations/ to the database
npm run migrate -- --status      lists them and changes nothing
npm run migrate -- --no-dev-vars takes DATABASE_URL from the environment alone, as a deployment should

DATABASE_URL names the database; DATABASE_HTTP_ENDPOINT where it answers Neon's SQL-over-HTTP protocol, unless that is
where Neon's own driver looks. Files that build an index concurrently go to the server itself, over PostgreSQL's own
protocol: DATABASE_URL's, or where there is an endpoint of your own the one that DATABASE_DIRECT_URL names. All come from
the environment, or else from .dev.vars.`;

interface Target {
  readonly url: string;
  readonly endpoint: string | undefined;
  readonly directUrl: string | undefined;
  readonly source: string;
}

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean' },
        status: { type: 'boolean' },
        'no-dev-vars': { type: 'boolean' },
      },
    });
    if (values.help) {
      console.log(help);
      return 0;
    }
    const target = await findTarget(values['no-dev-vars'] ?? false);
    await run(target, values.status ?? false);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

async function run(target: Target, isStatusOnly: boolean): Promise<void> {
  const { hostname, pathname } = new URL(target.url);
  console.log(`Database ${pathname.slice(1)} at ${target.endpoint ?? hostname} (from ${target.source})`);
  const database = openDatabase(target.url, target.endpoint);
  const migrations = await readMigrations(join(projectFolder, 'migrations'));
  try {
    if (isStatusOnly) printStatus(await migrationStatus(database, migrations));
    else printApplied(await migrate(database, migrations, optionsFor(target)));
  } catch (error) {
    if (!(error instanceof MigrationError)) throw new Error(explainDatabaseError(error, target));
    printNames(error.applied);
    if (!isAboutAccess(error.cause)) throw error;
    throw new Error(`migration ${error.migration}: ${explainDatabaseError(error.cause, target)}`);
  }
}

function optionsFor(target: Target): MigrateOptions {
  const directUrl = findDirectUrl(target);
  return {
    openDirect: directUrl === undefined ? undefined : () => openDirectConnection(directUrl),
    runner: `process ${process.pid} on ${machine()}`,
    log: (line) => console.log(line),
  };
}

/** The file is correct, but the role may not run it, or the network failed. */
function isAboutAccess(cause: unknown): boolean {
  return cause instanceof NeonDbError && (cause.code === '42501' || cause.sourceError !== undefined);
}

/** @throws Error telling why there is no database to migrate */
async function findTarget(isEnvironmentOnly: boolean): Promise<Target> {
  const devVars = isEnvironmentOnly ? {} : await readDevVars(join(projectFolder, '.dev.vars'));
  // All from the same place: a mix would send a password to the wrong server.
  const isInEnvironment = isSet(process.env.DATABASE_URL);
  const variables: NodeJS.ProcessEnv = isInEnvironment ? process.env : (devVars ?? {});
  const url = variables.DATABASE_URL?.trim() ?? '';
  if (url === '') {
    const elsewhere = isEnvironmentOnly ? '' : ', or in .dev.vars (`npm run dev` creates one)';
    throw new Error(
      `DATABASE_URL is not set. Set it in the environment${elsewhere}: postgresql://user:password@host/database`,
    );
  }
  const directUrl = textOf(variables.DATABASE_DIRECT_URL);
  for (const [name, value] of Object.entries({ DATABASE_URL: url, DATABASE_DIRECT_URL: directUrl ?? url })) {
    if (/^postgres(ql)?:$/.test(URL.parse(value)?.protocol ?? '')) continue;
    throw new Error(`${name} must have the form postgresql://user:password@host/database`);
  }
  return {
    url,
    endpoint: textOf(variables.DATABASE_HTTP_ENDPOINT),
    directUrl,
    source: isInEnvironment ? 'the environment' : '.dev.vars',
  };
}

function textOf(value: string | undefined): string | undefined {
  return isSet(value) ? value?.trim() : undefined;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value.trim() !== '';
}

function printApplied(names: readonly string[]): void {
  printNames(names);
  if (names.length === 0) console.log('already up to date');
}

function printNames(names: readonly string[]): void {
  for (const name of names) console.log(`applied ${name}`);
}

function printStatus(statuses: readonly MigrationStatus[]): void {
  for (const { name, state, appliedAt } of statuses) {
    console.log(`${state.padEnd(8)} ${name}${appliedAt ? `  ${appliedAt.toISOString()}` : ''}`);
  }
}
