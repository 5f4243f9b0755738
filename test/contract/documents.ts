/** The text of every document under `docs`, by its path in the project. */
export const documents: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(
    import.meta.glob<string>('../../docs/**/*.md', { query: '?raw', import: 'default', eager: true }),
  ).map(([path, text]) => [path.replace('../../', ''), text]),
);

/** The text below a heading of a document, up to the next one of its level; the whole document without a heading. */
export function section(path: string, heading = ''): string {
  const text = documents[path] ?? '';
  const start = text.indexOf(heading === '' ? '' : `\n${heading}\n`);
  if (start === -1) throw new Error(`${path} has no ${heading}`);
  const end = heading === '' ? -1 : text.indexOf(`\n${heading.split(' ')[0]} `, start + 1);
  return text.slice(start, end === -1 ? undefined : end);
}

/** The cells of every row of the tables in a document or in one section of it, the lines above them included. */
export function tableRows(path: string, heading = ''): string[][] {
  const lines = section(path, heading)
    .split('\n')
    .filter((line) => line.startsWith('|'));
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

/** A code in docs/api.md that is a route. */
export const routePattern = /^[A-Z]+ \/\S*$/;

/** The routes that have a row in docs/api.md, as `METHOD /path`, each with the other cells of it. */
export const documentedRoutes = tableRows('docs/api.md').flatMap((cells) =>
  codeIn(cells[0] ?? '')
    .filter((code) => routePattern.test(code))
    .map((route) => ({ route, body: cells[1] ?? '', answers: cells[2] ?? '' })),
);
