/** The size of a statement, without its comments and with each run of blanks as one. */
export interface StatementSize {
  readonly ctes: number;
  readonly characters: number;
}

// Strings are passed over: what looks like a comment or a parenthesis in one is neither.
const stringOrComment = /'(?:[^']|'')*'|--[^\n]*/g;
const cteHead =
  /\b[a-z_]\w* AS (?:NOT )?(?:MATERIALIZED )?\( ?(?:SELECT|INSERT|UPDATE|DELETE|WITH|VALUES|\()/g;
/** What a line begins with that is no continuation of the line before. */
const clause =
  /^(?:\)|,|WITH|SELECT|FROM|WHERE|(?:LEFT |CROSS )?JOIN|INSERT|UPDATE|SET|DELETE|USING|VALUES|RETURNING|GROUP|HAVING|ORDER|LIMIT|FOR|UNION|ON CONFLICT|DO|\w+ AS (?:NOT )?(?:MATERIALIZED )?\()/;

/** The statement without comments, in one line: two texts are the same statement when this is the same. */
export function collapse(text: string): string {
  return withoutComments(text).replace(/\s+/g, ' ').trim();
}

export function sizeOf(text: string): StatementSize {
  const collapsed = collapse(text);
  return { ctes: collapsed.match(cteHead)?.length ?? 0, characters: collapsed.length };
}

/**
 * The statement in its own lines and one for each CTE, indented by what is open at the beginning of each. Blanks stay
 * blanks, and none is added, so that the statement keeps its size.
 */
export function indent(text: string): string {
  const lines: string[] = [];
  let depth = 0;
  for (const line of breakBeforeCtes(text)
    .split('\n')
    .map((raw) => raw.trim())) {
    if (line === '') continue;
    const closers = /^\)*/.exec(line)?.[0].length ?? 0;
    const continues = lines.length > 0 && !clause.test(line) && !line.startsWith('--') ? 1 : 0;
    lines.push('  '.repeat(Math.max(depth - closers, 0) + continues) + line);
    const code = line.replace(stringOrComment, '');
    depth += count(code, '(') - count(code, ')');
  }
  return lines.join('\n');
}

function breakBeforeCtes(text: string): string {
  let depth = 0;
  return text.replace(
    /'(?:[^']|'')*'|--[^\n]*|[()]|,\s+(?=\w+ AS (?:NOT )?(?:MATERIALIZED )?\()/g,
    (found) => {
      if (found === '(') depth += 1;
      else if (found === ')') depth -= 1;
      else if (found.startsWith(',') && depth === 0) return ',\n';
      return found;
    },
  );
}

function withoutComments(text: string): string {
  return text.replace(stringOrComment, (found) => (found.startsWith('--') ? '' : found));
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
