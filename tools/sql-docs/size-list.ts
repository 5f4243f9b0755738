import type { SqlFile } from './sql-file.ts';
import { type StatementSize, sizeOf } from './sql-text.ts';

/** The largest statement that needs no entry in the list. */
export const sizeLimits: StatementSize = { ctes: 8, characters: 2500 };

/** The sizes of all statements over the limits by name, of a batch by name and step: the largest of its shapes. */
export function largeStatements(files: ReadonlyMap<string, SqlFile>): Map<string, StatementSize> {
  const sizes = new Map<string, StatementSize>();
  for (const [name, { shapes }] of files) {
    for (const { step, text } of shapes.flat()) {
      const key = `${name} ${step}`.trimEnd();
      const before = sizes.get(key) ?? { ctes: 0, characters: 0 };
      const size = sizeOf(text);
      sizes.set(key, {
        ctes: Math.max(before.ctes, size.ctes),
        characters: Math.max(before.characters, size.characters),
      });
    }
  }
  return new Map([...sizes].filter(([, size]) => isLarge(size)));
}

const row = /^\| `([a-z][\w -]*)` \| (\d+) \| (\d+) \| (.*) \|$/;

/** The list in docs/sql/README.md: each entry's size, and why it is not smaller. */
export function parseSizeList(page: string): Map<string, StatementSize & { readonly reason: string }> {
  return new Map(
    page.split('\n').flatMap((line) => {
      const [, key = '', ctes, characters, reason = ''] = row.exec(line) ?? [];
      return key === ''
        ? []
        : [[key, { ctes: Number(ctes), characters: Number(characters), reason }] as const];
    }),
  );
}

/**
 * The page with the numbers of entries that have become smaller, and without those that are within the limits by now.
 * One that has become larger stays as it is: a person decides about that.
 */
export function shrinkSizeList(page: string, large: ReadonlyMap<string, StatementSize>): string {
  return page
    .split('\n')
    .flatMap((line) => {
      const [, key = '', ctes, characters, reason] = row.exec(line) ?? [];
      if (key === '') return [line];
      const size = large.get(key);
      if (size === undefined) return [];
      const numbers = [Math.min(size.ctes, Number(ctes)), Math.min(size.characters, Number(characters))];
      return [`| \`${key}\` | ${numbers.join(' | ')} | ${reason} |`];
    })
    .join('\n');
}

function isLarge({ ctes, characters }: StatementSize): boolean {
  return ctes > sizeLimits.ctes || characters > sizeLimits.characters;
}
