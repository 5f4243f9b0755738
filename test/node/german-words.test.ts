import { describe, expect, test } from 'vitest';
import { readProject } from '../support/node/project-files.ts';

const files = await readProject();
const section =
  /^## German words$([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(files.get('docs/glossary.md') ?? '')?.[1] ?? '';
const rows = [...section.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]*) \|$/gm)]
  .map(([, word = '', english = '', avoided = '']) => ({ word, english, avoided: avoided.split(', ') }))
  .filter(({ word }) => word !== 'German' && word !== '---');
const texts = [...files].filter(([path]) => /^src\/languages\/de(?:\.ts$|\/)/.test(path));

describe('German texts', () => {
  test('say one word for one thing, in mails and on pages: none that the glossary avoids', () => {
    expect(rows.length).toBeGreaterThan(5);
    expect(texts.length).toBeGreaterThan(5);
    const avoided = rows.flatMap((row) => row.avoided).map((stem) => stem.trim().toLowerCase());
    expect(avoided).not.toContain('');
    const used = texts.flatMap(([path, text]) =>
      avoided.filter((stem) => text.toLowerCase().includes(stem)).map((stem) => ({ path, stem })),
    );
    expect(used).toEqual([]);
  });

  test('use each word that the glossary chooses', () => {
    const all = texts.map(([, text]) => text).join('\n');
    expect(rows.filter(({ word }) => !all.includes(word))).toEqual([]);
  });
});
