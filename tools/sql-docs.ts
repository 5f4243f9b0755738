import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectFolder } from './project.ts';
import { readFolder, readSources } from './sql-docs/read-files.ts';
import type { RunReport } from './sql-docs/recorded-statement.ts';
import { largeStatements, parseSizeList, shrinkSizeList } from './sql-docs/size-list.ts';
import { mergeShapes, parseSqlFile, renderSqlFile, type SqlFile, shapesByName } from './sql-docs/sql-file.ts';
import { findNames, headingOf, namesWithoutFile } from './sql-docs/statement-names.ts';

// `npm run sql-docs`: writes docs/sql, a file per query and batch, from what the tests of the service compile. With test
// files as arguments it runs these alone, and changes what they compile.

const folder = join(projectFolder, 'docs/sql');
const listPath = join(folder, 'README.md');
const chosen = process.argv.slice(2);

const { report, hasPassed } = await runTests();
const isWhole = chosen.length === 0 && hasPassed;
if (!hasPassed) console.error('Not all tests have passed: what none has compiled this time stays as it was.');
const files = await writeFiles();
await shrinkList(files);
if (!hasPassed) process.exitCode = 1;

async function runTests(): Promise<{ report: RunReport; hasPassed: boolean }> {
  const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));
  const temporary = await mkdtemp(join(tmpdir(), 'statements-'));
  const file = join(temporary, 'report.json');
  const options = ['--project', 'workers', '--project', 'isolated', '--reporter', 'dot', '--silent=true'];
  try {
    const tests = spawn(process.execPath, [vitest, 'run', ...options, ...chosen], {
      stdio: 'inherit',
      env: { ...process.env, STATEMENTS_FILE: file },
    });
    const [code] = (await once(tests, 'close')) as [number | null];
    return { report: JSON.parse(await readFile(file, 'utf8')) as RunReport, hasPassed: code === 0 };
  } finally {
    await rm(temporary, { recursive: true });
  }
}

/** Returns what stands in the folder now. */
async function writeFiles(): Promise<Map<string, SqlFile>> {
  const written = await readFolder();
  const recorded = shapesByName(report.statements);
  const files = new Map<string, SqlFile>();
  for (const statement of findNames(await readSources())) {
    const { name } = statement;
    const before = written.get(name);
    const fresh = recorded.get(name) ?? [];
    const old = before === undefined ? [] : parseSqlFile(before).shapes;
    const shapes = isWhole ? fresh : mergeShapes(old, fresh);
    if (namesWithoutFile.includes(name) || shapes.length === 0) continue;
    const file = { heading: headingOf(statement), shapes };
    files.set(name, file);
    const text = renderSqlFile(file);
    if (text === before) continue;
    await writeFile(join(folder, `${name}.sql`), text);
    console.log(`written: docs/sql/${name}.sql`);
  }
  for (const name of written.keys()) {
    if (files.has(name)) continue;
    await rm(join(folder, `${name}.sql`));
    console.log(`deleted: docs/sql/${name}.sql`);
  }
  return files;
}

async function shrinkList(files: ReadonlyMap<string, SqlFile>): Promise<void> {
  const large = largeStatements(files);
  const page = await readFile(listPath, 'utf8');
  await writeFile(listPath, shrinkSizeList(page, large));
  const listed = parseSizeList(page);
  for (const [key, { ctes, characters }] of large) {
    const entry = listed.get(key);
    if (entry !== undefined && ctes <= entry.ctes && characters <= entry.characters) continue;
    console.error(`larger than docs/sql/README.md allows: ${key}, ${ctes} CTEs, ${characters} characters`);
    process.exitCode = 1;
  }
}
