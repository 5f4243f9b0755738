import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectFolder } from './project.ts';

const help = `npm run test:feature -- NAME...   runs the tests of features, and those that ask every feature for something
  NAME    a folder of src/features`;

/** They walk over what all features bring: routes, pages, columns, kinds of rows and mails, files, what documents tell of. */
const testsOfAll = [
  'test/architecture.test.ts',
  'test/contract/',
  'test/db/',
  'test/features/account/',
  'test/features/admin/',
  'test/features/demo/',
  'test/mail/render-mail.test.ts',
  'test/node/docs-commands.test.ts',
  'test/node/docs-links.test.ts',
  'test/node/docs-security.test.ts',
  'test/node/german-words.test.ts',
  'test/node/migrations.test.ts',
  'test/node/sql.test.ts',
  'test/node/worker-build.test.ts',
  'test/scheduled.test.ts',
];

const names = process.argv.slice(2);
const unknown = names.filter((name) => !existsSync(join(projectFolder, 'src/features', name)));
if (names.length === 0 || unknown.length > 0) {
  console.error(names.length === 0 ? help : `No feature is called ${unknown.join(', ')}.\n\n${help}`);
  process.exit(1);
}

// Vitest takes no notice of a name without a file.
const gone = testsOfAll.filter((path) => !existsSync(join(projectFolder, path)));
if (gone.length > 0) throw new Error(`there is no ${gone.join(', ')}`);

// Races bear the name of what they are about.
const ownTests = names.flatMap((name) => [
  `test/features/${name}/`,
  ...globSync(`test/races/${name}*.test.ts`, { cwd: projectFolder }),
]);
const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));
const tests = spawn(process.execPath, [vitest, 'run', ...testsOfAll, ...ownTests], {
  cwd: projectFolder,
  stdio: 'inherit',
});
const [code] = (await once(tests, 'close')) as [number | null];
process.exitCode = code ?? 1;
