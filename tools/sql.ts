import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectFolder } from './project.ts';
import { findNames, readSources } from './sql/statement-names.ts';
import { type CompiledStatement, render } from './sql/statement-text.ts';

const help = `npm run sql -- NAME [TEST...]   prints what queries and batches compile to, of the features as they are served
  NAME    a query or batch (find-me), or a folder of src with some (password, src/mail)
  TEST    further test files or folders, where those of the feature do not compile it`;

/** They compile a statement of nearly every route, and those of the clean-ups. */
const testsOfAll = ['test/contract/route-table.test.ts', 'test/features/admin/cleanup-sessions.test.ts'];

const [wanted = '', ...furtherTests] = process.argv.slice(2);
const folder = wanted.startsWith('src/') ? wanted : `src/features/${wanted}`;
const statements = findNames(readSources()).filter(
  ({ name, path }) => name === wanted || path.startsWith(`${folder.replace(/\/$/, '')}/`),
);
if (statements.length === 0) {
  console.error(
    `${wanted === '' ? '' : `No query, batch or folder of some is called ${wanted}.\n\n`}${help}`,
  );
  process.exit(1);
}

const ownTests = statements
  .map(({ path }) => path.replace(/^src\/((?:features\/)?[\w-]+)\/.*$/, 'test/$1'))
  .filter((path) => existsSync(join(projectFolder, path)));
const compiled = await compileByTests([...new Set([...ownTests, ...testsOfAll, ...furtherTests])]);
for (const { name } of statements) {
  const shapes = compiled.filter((statement) => statement.name === name);
  if (shapes.length > 0) console.log(render(name, shapes));
  else console.error(`-- ${name}: none of these tests compiles it; name one that does behind it`);
}

/** Runs test files with the recorder of test/support/statement-recorder.ts, which writes into the report of its tests. */
async function compileByTests(tests: readonly string[]): Promise<CompiledStatement[]> {
  const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));
  const temporary = await mkdtemp(join(tmpdir(), 'statements-'));
  const report = join(temporary, 'report.json');
  const options = [
    '--project=workers',
    '--project=isolated',
    '--silent',
    '--reporter=json',
    `--outputFile=${report}`,
  ];
  try {
    const run = spawn(process.execPath, [vitest, 'run', ...options, ...tests], {
      cwd: projectFolder,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, RECORD_STATEMENTS: 'yes' },
    });
    await once(run, 'close');
    const { testResults } = JSON.parse(await readFile(report, 'utf8')) as VitestReport;
    return testResults.flatMap((file) => file.assertionResults.flatMap(({ meta }) => meta.statements ?? []));
  } finally {
    await rm(temporary, { recursive: true });
  }
}

/** What is read of vitest's report. */
interface VitestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly meta: { readonly statements?: readonly CompiledStatement[] };
    }[];
  }[];
}
