import { type CompiledStatement, collapse } from '../../tools/sql/statement-text.ts';

/** What a statement or a batch may have at most, so that a person can read it. */
export const statementLimits = { ctes: 8, characters: 2500, steps: 10 };

/**
 * The statements over the limits, of a batch by its step: how large each may be, and why it is not smaller. The list
 * may only shrink.
 */
export const largeStatements: Readonly<
  Record<string, { readonly ctes: number; readonly characters: number; readonly reason: string }>
> = {
  'export-own-data read': {
    ...{ ctes: 0, characters: Number.POSITIVE_INFINITY },
    reason:
      'Has the parts of all features, which test/contract/belonging.test.ts holds to the limits one by one.',
  },
};

/** What the migration runner sends: the files of migrations/, which are read there. */
const ofMigrations = ['read-migrations', 'apply-migration'];

const cteHead =
  /\b[a-z_]\w* AS (?:NOT )?(?:MATERIALIZED )?\( ?(?:SELECT|INSERT|UPDATE|DELETE|WITH|VALUES|\()/g;

/** Its size without comments, each run of blanks as one. */
export function sizeOf(text: string): { ctes: number; characters: number } {
  const collapsed = collapse(text);
  return { ctes: collapsed.match(cteHead)?.length ?? 0, characters: collapsed.length };
}

/** What of a query or batch is over the limits, as a sentence each. */
export function overLimits({ name, steps }: CompiledStatement): string[] {
  if (ofMigrations.includes(name)) return [];
  return steps.flatMap(({ step, text }) => {
    const key = `${name} ${step}`.trimEnd();
    const { ctes, characters } = sizeOf(text);
    const most = largeStatements[key] ?? statementLimits;
    if (ctes <= most.ctes && characters <= most.characters) return [];
    return [
      `${key} has ${ctes} CTEs (${most.ctes} at most) and ${characters} characters (${most.characters})`,
    ];
  });
}

/**
 * How many steps a batch has. It has no say in how many the joints add, such as the closing of ways in, so that all of
 * these count as one.
 */
export function countSteps({ steps }: CompiledStatement, jointSteps: ReadonlySet<string>): number {
  const own = steps.filter(({ step }) => !jointSteps.has(step)).length;
  return own + (own < steps.length ? 1 : 0);
}
