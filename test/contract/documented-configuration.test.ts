import { describe, expect, test } from 'vitest';
import type { Variable } from '../../src/config/variable.ts';
import { type Env, parseConfig, readBindings } from '../../src/config.ts';
import { codeIn, tableRows } from './documents.ts';
import { minimalEnv, parse, refusedVariables } from './minimal-env.ts';
import { variableList } from './variable-list.ts';

/** What a row says of a variable. */
interface Row {
  readonly name: string;
  readonly isSecret: boolean;
  /** The cell as it stands. */
  readonly defaultCell: string;
  readonly defaultValue: string | undefined;
  readonly values: string;
  readonly meaning: string;
}

const rows = tableRows('docs/configuration.md');
const namePattern = /[A-Z][A-Z0-9_]{3,}/g;

const documented: readonly Row[] = rows
  .filter((cells) => cells.length === 4 && cells[0]!.match(namePattern) !== null)
  .map(([nameCell = '', defaultCell = '', values = '', meaning = '']) => {
    const [, name = nameCell, secret] = /^(\w+)( \(secret\))?$/.exec(nameCell) ?? [];
    // A default that is no fixed text is told in words.
    const defaultValue = /^`[^`]+`$/.test(defaultCell) ? codeIn(defaultCell)[0] : undefined;
    return { name, isSecret: secret !== undefined, defaultCell, defaultValue, values, meaning };
  });
const bindings = rows
  .filter((cells) => cells.length === 3)
  .flatMap(([name]) => name!.match(namePattern) ?? []);

/** The names that are looked up while `use` has the environment. */
function namesRead(use: (env: Env) => unknown): string[] {
  const names = new Set<string>();
  use(
    new Proxy(minimalEnv, {
      get(env, name) {
        names.add(String(name));
        return Reflect.get(env, name);
      },
    }),
  );
  return [...names].toSorted();
}

function defaultCellOf(variable: Variable): string {
  if ('isRequired' in variable) return '';
  const { default: text, defaultInWords } = variable;
  return defaultInWords ?? (text ? `\`${text}\`` : '');
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

describe('docs/configuration.md (SUP-05)', () => {
  test('has one row for every variable and binding that is read, and for no other', () => {
    const read = namesRead((env) => [parseConfig(env), readBindings(env)]);
    const told = [...documented.map(({ name }) => name), ...bindings];
    expect(told.toSorted()).toEqual(read);
    expect(bindings.toSorted()).toEqual(namesRead(readBindings));
  });

  test('says of each variable what its declaration says: name, secret, default and meaning', () => {
    const told = documented.map(({ name, isSecret, defaultCell, meaning }) => ({
      ...{ name, isSecret, defaultCell, meaning },
    }));
    const declared = variableList.map((variable) => {
      const { name, isSecret = false, meaning } = variable;
      return { name, isSecret, defaultCell: defaultCellOf(variable), meaning };
    });
    expect(told.toSorted(byName)).toEqual(declared.toSorted(byName));
    expect(declared.filter(({ meaning }) => meaning.trim() === '')).toEqual([]);
  });

  test('has under "Required" what the service does not start without', () => {
    const required = tableRows('docs/configuration.md', '## Required').slice(2);
    const told = required.map(([name = '']) => name.split(' ')[0]);
    expect(told.toSorted()).toEqual(Object.keys(minimalEnv).toSorted());
    const declared = variableList.filter((variable) => 'isRequired' in variable).map(({ name }) => name);
    expect(told.toSorted()).toEqual(declared.toSorted());
  });

  const withDefault = documented.filter(({ defaultValue }) => defaultValue !== undefined);

  test.each(withDefault)(
    '$name: the default is what it is without the variable',
    ({ name, defaultValue }) => {
      expect(parse({ [name]: defaultValue })).toEqual(parse({}));
    },
  );

  test('leaves no default out', () => {
    const told = new Set([...withDefault.map(({ name }) => name), ...Object.keys(minimalEnv)]);
    const inWords = { ACCESS_TOKEN_AUDIENCE: minimalEnv.BASE_URL, MAIL_FROM: 'no-reply@auth.example.com' };
    expect(parse(inWords)).toEqual(parse({}));
    const others = documented.filter(({ name }) => !told.has(name) && !Object.hasOwn(inWords, name));
    // Every one of them that is set changes the configuration: it was nothing before.
    const samples: Record<string, string> = {
      AUTH_SECRET_PREVIOUS: String(minimalEnv.AUTH_SECRET),
      ALLOWED_ORIGINS: 'https://app.example.com',
      APP_REDIRECTS: 'com.example.app:/signed-in',
      DATABASE_HTTP_ENDPOINT: 'https://db.example.com/sql',
      MAIL_HTTP_URL: 'https://mail.example.com/send',
      BRAND_LOGO_URL: '/logo.svg',
      BRAND_TERMS_URL: '/terms',
      BRAND_PRIVACY_URL: '/privacy',
      BRAND_SUPPORT_URL: '/help',
    };
    for (const { name } of others) {
      const pair = name.replace(
        /_CLIENT_(ID|SECRET)$/,
        (_, end) => `_CLIENT_${end === 'ID' ? 'SECRET' : 'ID'}`,
      );
      const changed = parse({ [pair]: 'sample', [name]: samples[name] ?? 'sample' });
      expect(changed, name).not.toEqual(parse({}));
    }
  });

  test.each(documented.filter(({ values }) => /^\d+ to \d+$/.test(values)))(
    '$name: takes numbers from $values and no others',
    ({ name, values }) => {
      const [min, max] = values.split(' to ').map(Number) as [number, number];
      for (const value of [min, max]) expect(refusedVariables({ [name]: value }), String(value)).toEqual([]);
      for (const value of [min - 1, max + 1]) expect(refusedVariables({ [name]: value })).toEqual([name]);
    },
  );

  test.each(documented.filter(({ values }) => /^`[a-z]+`(, `[a-z]+`)+$/.test(values)))(
    '$name: takes $values and nothing else',
    ({ name, values }) => {
      // What such a value needs beside it is another matter.
      const others = {
        ENVIRONMENT: 'development',
        MAIL_HTTP_URL: 'https://m.example.com',
        RESEND_API_KEY: 'k',
      };
      const email = { MAIL_FROM: 'a@b.example', EMAIL: { send: () => undefined } };
      for (const value of codeIn(values))
        expect(refusedVariables({ ...others, ...email, [name]: value }), value).toEqual([]);
      expect(refusedVariables({ ...others, ...email, [name]: 'other' })).toEqual([name]);
    },
  );
});
