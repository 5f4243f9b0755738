/** The text of every document under `docs`, by its path in the project. */
export const documents: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(
    import.meta.glob<string>('../../docs/**/*.md', { query: '?raw', import: 'default', eager: true }),
  ).map(([path, text]) => [path.replace('../../', ''), text]),
);

/** The cells of every row of every table in a document, without the lines above and below a heading. */
export function tableRows(path: string): string[][] {
  const lines = (documents[path] ?? '').split('\n').filter((line) => line.startsWith('|'));
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

/** What stands as code in a piece of Markdown. */
export function codeIn(markdown: string): string[] {
  return [...markdown.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
}
