import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { neon, neonConfig } from '@neondatabase/serverless';
import { afterAll, expect, test } from 'vitest';
import { findFreePort } from '../../tools/free-port.ts';
import { copyProject } from '../support/node/copy-project.ts';
import { descendantsOf, isRunning } from '../support/node/descendants.ts';
import { type RunningTool, runTool } from '../support/node/run-tool.ts';
import { untilReady } from '../support/node/until-ready.ts';
import { slowDescribe } from '../support/slow.ts';

const { folder, remove } = await copyProject();
const started: RunningTool[] = [];
afterAll(async () => {
  for (const tool of started) tool.process.kill('SIGTERM');
  await Promise.all(started.map(({ ended }) => ended));
  await remove();
});

function start(port: number): RunningTool {
  const tool = runTool({ folder, args: ['tools/dev/main.ts', '--port', String(port)] });
  started.push(tool);
  return tool;
}

/** The SQL-over-HTTP database that the tool says it serves. */
function databaseOf(tool: RunningTool) {
  neonConfig.fetchEndpoint = /^Database +(\S+),/m.exec(tool.output())?.[1] ?? 'not served';
  return neon('postgresql://nexora:nexora@127.0.0.1/nexora');
}

/** The identity provider that the tool says it serves. */
function issuerOf(tool: RunningTool): string {
  const line = /^Pages +\S+\/ +\(local identity provider at (\S+)\)$/m;
  return line.exec(tool.output())?.[1] ?? 'not served';
}

async function listening(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

// One story: what the first start has made, the later ones find.
slowDescribe('npm run dev', { timeout: 120_000, shuffle: false }, () => {
  test('serves a working Worker from a fresh clone, and Ctrl-C ends every process of it', async () => {
    const port = await findFreePort(28_787);
    const tool = start(port);
    await untilReady(tool);
    for (const host of ['localhost', '127.0.0.1']) {
      for (const path of ['/api/health/live', '/api/health']) {
        const answer = await fetch(`http://${host}:${port}${path}`);
        expect(answer.status, `${path} on ${host}`).toBe(200);
      }
    }
    const crons = [...tool.output().matchAll(/^(Delivery|Clean-up) +curl "(\S+)"$/gm)];
    expect(crons.map(([, name]) => name)).toEqual(['Delivery', 'Clean-up']);
    for (const [, , url = ''] of crons) expect((await fetch(url)).status, url).toBe(200);
    await expect.poll(() => tool.output()).toMatch(/"event":"mail_delivery_finished"/);
    await expect.poll(() => tool.output()).toMatch(/"event":"clean_up_finished"/);
    expect(tool.output()).toContain('Made .dev.vars, with fresh secrets.');
    expect(tool.output()).toMatch(/^applied 0001_earlier_schema$/m);
    expect(tool.output()).toMatch(/^Demo login +demo@nexora\.ai \/ password123$/m);
    const [, mails = ''] = /^Mails +(\S+)$/m.exec(tool.output()) ?? [];
    expect(await (await fetch(mails)).text()).toContain('There is no mail yet.');
    expect(tool.output()).not.toMatch(/Request\.cf|env\.\w+|wrangler \d|Logs were written|WARNING/);
    const issuer = issuerOf(tool);
    const discovery = await fetch(`${issuer}/.well-known/openid-configuration`);
    expect(await discovery.json()).toMatchObject({ issuer });
    await databaseOf(tool)`CREATE TABLE survivor (id int)`;

    const children = await descendantsOf(tool.process.pid!);
    if (process.platform === 'linux') expect(children.length).toBeGreaterThanOrEqual(3);
    tool.process.kill('SIGINT');
    expect(await tool.ended).toBe(0);
    for (const pid of children) expect(await isRunning(pid), tool.output()).toBe(false);
    expect(await listening(`http://127.0.0.1:${port}`)).toBe(false);
    expect(await listening(issuer)).toBe(false);
    expect(await readdir(join(folder, '.data'))).toEqual(['postgres']);
  });

  test('keeps its data and secrets, keeps a second one out, and ends on SIGTERM', async () => {
    const secrets = await readFile(join(folder, '.dev.vars'), 'utf8');
    const port = await findFreePort(28_787);
    const tool = start(port);
    await untilReady(tool);
    expect(await databaseOf(tool)`SELECT id FROM survivor`).toEqual([]);
    expect(await readFile(join(folder, '.dev.vars'), 'utf8')).toBe(secrets);

    const second = start(await findFreePort(port + 1));
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain(`is in use by process ${tool.process.pid}`);
    const third = start(port);
    expect(await third.ended).toBe(1);
    expect(third.output()).toContain(`Something listens on port ${port} already.`);

    tool.process.kill('SIGTERM');
    expect(await tool.ended).toBe(0);
    expect(await listening(`http://127.0.0.1:${port}`)).toBe(false);
  });

  test('names the variables that an existing .dev.vars lacks, and ends when wrangler ends', async () => {
    await writeFile(join(folder, '.dev.vars'), 'ENVIRONMENT=development\nCRON_SECRET=\n');
    const tool = start(await findFreePort(28_787));
    await untilReady(tool);
    expect(tool.output()).toContain('.dev.vars has no AUTH_SECRET, SIGNING_KEYS, CRON_SECRET, ADMIN_SECRET:');
    const children = await descendantsOf(tool.process.pid!);
    const [wrangler] = children;
    if (wrangler === undefined) tool.process.kill('SIGHUP');
    else process.kill(wrangler, 'SIGKILL');
    expect(await tool.ended).toBe(wrangler === undefined ? 0 : 1);
    for (const pid of children) expect(await isRunning(pid), tool.output()).toBe(false);
    expect(await readdir(join(folder, '.data'))).toEqual(['postgres']);
  });
});
