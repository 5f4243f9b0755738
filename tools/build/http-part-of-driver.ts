import { createHash } from 'node:crypto';
import type { Plugin } from 'rolldown';
import { type ESTree, Visitor } from 'rolldown/utils';

/** What the Worker imports of the driver. */
const importedNames: readonly string[] = ['neon', 'neonConfig', 'NeonDbError'];

/** The file that this is written for: index.mjs of version 1.2.0. */
const sha256OfDriver = '50f98b3540f02327ebe4d5423509fe15b820af87c512cee1b2b7322a8ef77699';

/**
 * What takes the place of bundled modules that the driver initialises and nothing that is kept uses, by their names in the
 * minified file.
 */
const standIns: ReadonlyMap<string, string> = new Map([
  // Buffer where the platform has none. workerd has it from the compatibility date 2026-08-04 on, and with an earlier one
  // the Worker would not start.
  ['oi', '() => { throw new Error("the database driver is built for a platform with Buffer") }'],
  // EventEmitter, the base of the driver's sockets: neonConfig is their class, and only Client makes one.
  ['ve', '() => ({ EventEmitter: class {} })'],
  // MD5 and SHA-256 of passwords, which only Client sends.
  ['fr', '() => {}'],
  ['lr', '{}'],
  // The parsers of binary values. Over HTTP every value is text.
  ['ts', '() => ({ init() {} })'],
]);

/** A declaration of the file, or a statement between the declarations. */
interface Part {
  readonly source: string;
  /** What it declares, or completes as `a(Client, "Client")` does; null for a statement that always runs. */
  readonly name: string | null;
  /** Every identifier in it, also of properties and inner scopes: too much may be kept, never too little. */
  readonly mentions: readonly string[];
}

/**
 * Leaves out of the build what `neon()` over HTTP cannot reach of @neondatabase/serverless: the PostgreSQL client with its
 * pool, sockets and passwords. The package is one minified file, whose modules are arguments of function calls, and no
 * bundler leaves out a call that may have effects. Another file than the one that was read for this fails the build.
 */
export const httpPartOfDriver: Plugin = {
  name: 'http-part-of-driver',
  transform: {
    filter: { id: /[\\/]@neondatabase[\\/]serverless[\\/]/ },
    handler(code, id) {
      if (createHash('sha256').update(code).digest('hex') !== sha256OfDriver) {
        this.error(
          `${id} is not the file that tools/build/http-part-of-driver.ts was written for. Find the modules of its stand-ins ` +
            'in the new file, see that what is said of them still holds, and update the hash.',
        );
      }
      const program = this.parse(code);
      const exports = exportsOf(program);
      const kept = reachableFrom(
        exports.map(({ local }) => local),
        partsOf(program, code),
      );
      const list = exports.map(({ local, exported }) => `${local} as ${exported}`);
      return {
        code: `${kept.map(({ source }) => `${source};\n`).join('')}export { ${list.join(', ')} };`,
        map: null,
      };
    },
  },
};

function exportsOf(program: ESTree.Program): { local: string; exported: string }[] {
  return program.body
    .flatMap((statement) => (statement.type === 'ExportNamedDeclaration' ? statement.specifiers : []))
    .flatMap(({ local, exported }) =>
      local.type === 'Identifier' && exported.type === 'Identifier' && importedNames.includes(exported.name)
        ? [{ local: local.name, exported: exported.name }]
        : [],
    );
}

function partsOf(program: ESTree.Program, code: string): Part[] {
  const identifiers: { start: number; name: string }[] = [];
  new Visitor({ Identifier: (identifier) => void identifiers.push(identifier) }).visit(program);
  const part = ({ start, end }: ESTree.Span, name: string | null, prefix = ''): Part => {
    const inside = identifiers.filter((identifier) => start <= identifier.start && identifier.start < end);
    return {
      source: prefix + code.slice(start, end),
      name,
      mentions: inside.map((identifier) => identifier.name),
    };
  };
  return program.body.flatMap((statement): Part[] => {
    if (statement.type === 'FunctionDeclaration') return [part(statement, statement.id?.name ?? null)];
    if (statement.type === 'ExpressionStatement') {
      const name = completedBy(statement.expression);
      return name !== null && standIns.has(name) ? [] : [part(statement.expression, name)];
    }
    if (statement.type !== 'VariableDeclaration') return [];
    return statement.declarations.map((declaration): Part => {
      const name = code.slice(declaration.id.start, declaration.id.end);
      const standIn = standIns.get(name);
      if (standIn !== undefined) return { source: `var ${name} = ${standIn}`, name, mentions: [] };
      return part(declaration, name, 'var ');
    });
  });
}

/** What a statement like `a(Client, "Client")` is about: `a` names a function, and `se` fills the exports of a module. */
function completedBy(expression: ESTree.Expression): string | null {
  if (expression.type !== 'CallExpression' || expression.callee.type !== 'Identifier') return null;
  const [first] = expression.arguments;
  return ['a', 'se'].includes(expression.callee.name) && first?.type === 'Identifier' ? first.name : null;
}

function reachableFrom(names: readonly string[], parts: readonly Part[]): Part[] {
  const reached = new Set(names);
  const isReached = ({ name }: Part) => name === null || reached.has(name);
  for (let before = -1; before !== reached.size; ) {
    before = reached.size;
    for (const part of parts) if (isReached(part)) for (const name of part.mentions) reached.add(name);
  }
  return parts.filter(isReached);
}
