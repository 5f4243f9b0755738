import { beforeAll, describe, expect, test } from 'vitest';
import { readProject } from '../support/node/project-files.ts';

let readme: string;
let documents: readonly string[];

beforeAll(async () => {
  const files = await readProject();
  readme = files.get('README.md') ?? '';
  documents = [...files.keys()].filter((path) => /^docs\/[^/]+\.md$/.test(path));
});

describe('README.md', () => {
  test('can be read in one go: it has at most 150 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  });

  test('begins with the two commands', () => {
    expect(/```bash\n([\s\S]*?)```/.exec(readme)?.[1]).toMatch(
      /^npm ci && npm run dev .*\nnpm ci && npm test .*\n$/,
    );
  });

  test('leads to every document', () => {
    expect(documents.length).toBeGreaterThan(8);
    expect(documents.filter((path) => !readme.includes(`](${path})`))).toEqual([]);
    for (const file of [
      'LICENSE',
      'SECURITY.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      'docs/decisions/README.md',
    ])
      expect(readme).toContain(`](${file})`);
  });
});
