import { describe, expect, test } from 'vitest';
import { readProject } from '../support/node/project-files.ts';

const files = await readProject();
const glossary = files.get('docs/glossary.md') ?? '';
const sources = [...files].filter(([path]) => /^(?:src|migrations)\//.test(path)).map(([, text]) => text);

describe('the glossary', () => {
  test('names only what stands in the code', () => {
    const names = [...glossary.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    // Paths have a test of their own; what has blanks is SQL or a method with its path.
    const words = names.filter((name) => !/[\s/]/.test(name) && !files.has(name) && !name.endsWith('.sql'));
    expect(words.length).toBeGreaterThan(50);
    expect(words.filter((word) => !sources.some((text) => text.includes(word)))).toEqual([]);
  });

  test('has each term once', () => {
    const terms = [...glossary.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = '']) => cell.split(', '));
    const named = terms.filter((term) => !['term', '---', 'link'].includes(term));
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((term, index) => named.indexOf(term) !== index)).toEqual([]);
  });
});
