/** Where a query or batch of the service has its name. */
export interface NamedStatement {
  readonly name: string;
  /** The file that names it. */
  readonly path: string;
  /** The first sentence of the doc comment of the function that it stands in. */
  readonly purpose: string;
}

/** Names of the migration runner, whose statements are the files of migrations/ and what keeps count of them. */
export const namesWithoutFile: readonly string[] = ['read-migrations', 'apply-migration'];

/** The name in a call of the client, or of a function that passes it on. */
const naming = /(?:\bdb\.(?:query|batch)(?:<[^(]*>)?\(|\bdb,)\s*'([^']+)'/g;
const documentedFunction = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export (?:async )?function/g;

/** Every name that the sources give to a query or batch, in their order. */
export function findNames(sources: Iterable<readonly [path: string, text: string]>): NamedStatement[] {
  return [...sources].flatMap(([path, text]) =>
    [...text.matchAll(naming)].map(({ 1: name = '', index }) => ({
      name,
      path,
      purpose: purposeAt(text.slice(0, index)),
    })),
  );
}

/** The lines at the head of the file of a statement. */
export function headingOf({ purpose, path }: NamedStatement): string[] {
  const lines = [''];
  for (const word of purpose.split(' ')) {
    const line = `${lines.at(-1)} ${word}`.trim();
    if (line.length <= 117) lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return [...lines, path].filter((line) => line !== '');
}

function purposeAt(before: string): string {
  const comment = [...before.matchAll(documentedFunction)].at(-1)?.[1] ?? '';
  const text = comment.replace(/\s*\n\s*\*\s?/g, ' ').trim();
  return /^.*?\.(?= |$)/.exec(text)?.[0] ?? text;
}
