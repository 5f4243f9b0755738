import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Browser, chromium } from 'playwright-core';
import { sql } from '../../../src/db/sql.ts';
import { createDevVars, readDevVars } from '../../../tools/dev-vars.ts';
import { findFreePort } from '../../../tools/free-port.ts';
import { openDatabase } from '../../../tools/node-database.ts';
import { copyProject } from './copy-project.ts';
import { runTool } from './run-tool.ts';
import { untilReady } from './until-ready.ts';

/** A service of its own, as `npm run dev` starts it, and a Chromium to visit it. */
export interface PageService {
  readonly origin: string;
  readonly browser: Browser;
  /** What an operator presents. */
  readonly adminSecret: string;
  /** Lets the last authentication of all sessions of an account be as old as a day. */
  ageSessions(email: string): Promise<unknown>;
  stop(): Promise<void>;
}

export interface PageServiceOptions {
  /** The first port that is tried. */
  readonly port: number;
  /** For its `.dev.vars`, beside the example. */
  readonly variables?: (origin: string) => Promise<Readonly<Record<string, string>>>;
}

/** Starts a service in a copy of the project, with a database of its own. */
export async function startPageService(options: PageServiceOptions): Promise<PageService> {
  const { folder, remove } = await copyProject();
  const port = await findFreePort(options.port);
  const origin = `http://localhost:${port}`;
  const adminSecret = await writeDevVars(folder, (await options.variables?.(origin)) ?? {});
  const service = await oneByOne(async () => {
    const tool = runTool({ folder, args: ['tools/dev/main.ts', '--port', String(port)] });
    await untilReady(tool);
    return tool;
  });
  // A browser started as root has no sandbox; it visits nothing but the service and its issuers.
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  });
  const stop = async () => {
    await browser.close();
    service.process.kill('SIGTERM');
    await service.ended;
    await remove();
  };
  const endpoint = /^Database +(\S+),/m.exec(service.output())?.[1];
  const database = openDatabase('postgresql://nexora:nexora@127.0.0.1/nexora', endpoint);
  const ageSessions = (email: string) =>
    database.query(sql`
      UPDATE sessions SET authenticated_at = authenticated_at - interval '1 day',
        second_factor_at = second_factor_at - interval '1 day'
      WHERE user_id = (SELECT id FROM users WHERE email = ${email})`);
  return { origin, browser, adminSecret, ageSessions, stop };
}

/** Two that start at once find the same ports free. The processes of a run have one parent, which names the lock. */
async function oneByOne<T>(start: () => Promise<T>): Promise<T> {
  const lock = join(tmpdir(), `nexora-page-service-${process.ppid}`);
  while (!(await tryLock(lock))) await setTimeout(100);
  try {
    return await start();
  } finally {
    await rmdir(lock);
  }
}

async function tryLock(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** @returns the secret of an operator */
async function writeDevVars(folder: string, variables: Readonly<Record<string, string>>): Promise<string> {
  const path = join(folder, '.dev.vars');
  await createDevVars(join(folder, '.dev.vars.example'), path);
  // Every browser comes from one address.
  const further = { RATE_LIMIT_PER_MINUTE: '600', ...variables };
  const made = (await readFile(path, 'utf8')).split('\n');
  const kept = made.filter((line) => !Object.keys(further).includes(line.split('=')[0] ?? ''));
  const added = Object.entries(further).map(([name, value]) => `${name}='${value}'`);
  await writeFile(path, [...kept, ...added, ''].join('\n'));
  return (await readDevVars(path))?.ADMIN_SECRET ?? '';
}
