/** Source text by path from the project's root, such as `src/app.ts`. */
export type Sources = Readonly<Record<string, string>>;

/** A rule of the layout that a file breaks. */
export interface Violation {
  readonly rule: string;
  readonly file: string;
  readonly detail: string;
}

/** Features that own tables and may be reached by others, lowest first: each reaches only those before it. */
export const baseFeatures = [
  'users',
  'security-events',
  'sessions',
  'current-password',
  'known-devices',
  'trusted-devices',
  'one-time-tokens',
  'pending-registrations',
  'addresses',
  'sign-in',
  'link-holder',
  'way-back',
  'signing-keys',
];

/** Each table and the one feature whose fragments write it. */
const tableOwners: Readonly<Record<string, string>> = {
  users: 'users',
  security_events: 'security-events',
  sessions: 'sessions',
  former_session_ids: 'sessions',
  login_attempts: 'rate-limit',
  one_time_tokens: 'one-time-tokens',
  registration_attempts: 'pending-registrations',
  mail_outbox: 'mail',
  trusted_devices: 'trusted-devices',
  factors: 'two-factor',
  backup_codes: 'two-factor',
  second_factor_devices: 'two-factor',
  disowned_identities: 'social',
  identities: 'social',
  provider_tokens: 'social',
};

/** Where `beginSession` is. */
const beginningsOfSessions = ['src/features/sessions/begin-session.sql.ts'];

/** Statements that have one home each, or few, and the files that may have them: what several features do is done there. */
export const statementHomes: Readonly<Record<string, readonly string[]>> = {
  'INSERT INTO security_events': [
    'src/features/security-events/record-events.sql.ts',
    // What a closing ended, with what it was.
    'src/features/security-events/record-ended.sql.ts',
  ],
  'INSERT INTO mail_outbox': ['src/mail/queue-mail.sql.ts'],
  'DELETE FROM sessions': [
    'src/features/sessions/close-sessions.sql.ts',
    // A theft's own session.
    'src/features/sessions/reuse/end-reused-session.sql.ts',
    // The session that a further one replaces.
    'src/features/sessions/live-session.sql.ts',
  ],
  'DELETE FROM one_time_tokens': [
    'src/features/one-time-tokens/close-links.sql.ts',
    // A deletion of the account.
    'src/features/one-time-tokens/tokens.sql.ts',
  ],
};

/** Files longer than this need a reason. */
const linesMax = 300;

type Rule = (file: string, source: string, imports: readonly string[]) => string[];

const rules: Readonly<Record<string, Rule>> = {
  'only app.ts imports features': (file, _source, imports) =>
    featureOf(file) === null
      ? imports.filter(
          (path) => featureOf(path) !== null && !(file === 'src/app.ts' && path.endsWith('/index.ts')),
        )
      : [],

  'a feature reaches another only through its index.ts': (file, _source, imports) =>
    otherFeatures(file, imports).filter((path) => !/^src\/features\/[^/]+\/index\.ts$/.test(path)),

  'only base features are reached, and only downwards': (file, _source, imports) => {
    const own = baseFeatures.indexOf(featureOf(file) ?? '');
    const height = own === -1 ? baseFeatures.length : own;
    return otherFeatures(file, imports).filter((path) => {
      const reached = baseFeatures.indexOf(featureOf(path) ?? '');
      return reached === -1 || reached >= height;
    });
  },

  // Routes, pages and the files that build answers are the only places where HTTP is known.
  'flows, statements, schemas and errors import nothing from http or ui': (file, source, imports) =>
    featureOf(file) !== null &&
    !/\/(feature|routes|handlers|index|answer-[a-z-]+)\.tsx?$|\/pages\/[a-z-]+\.tsx?$/.test(file)
      ? [...imports.filter((path) => /^src\/(http|ui)\//.test(path)), ...matches(source, /from 'hono[^']*'/g)]
      : [],

  'SQL stands only in *.sql.ts and the migration runner': (file, source) =>
    /\.sql\.ts$|^src\/db\/(sql\.ts$|migrations\b)/.test(file)
      ? []
      : matches(
          source,
          /\bsql(?:<[^`]*>)?`|import \{[^}]*\bsql\b[^}]*\} from '[^']*\/sql\.ts'|\bnew Fragment\(/g,
        ),

  'routes are made by the kit of http': (file, source) =>
    file.startsWith('src/http/') ? [] : matches(source, /\bmarkAsMadeByKit\b/g),

  'a table is written only by the feature that owns it': (file, source) =>
    Object.entries(tableOwners).flatMap(([table, owner]) =>
      featureOf(file) === owner || !file.startsWith('src/features/')
        ? []
        : matches(
            source,
            new RegExp(`\\b(?:INSERT INTO|UPDATE|DELETE FROM) ${table}\\b|\\btable: '${table}'`, 'g'),
          ),
    ),

  // SES-18: what judges who may have a session is there, and nobody goes around it.
  'one statement alone inserts into sessions': (file, source) => {
    const inserts = matches(source, /\bINSERT INTO sessions\b/g);
    return beginningsOfSessions.includes(file) ? inserts.slice(1) : inserts;
  },
  'what closes, tells and records stands in its one place': (file, source) =>
    Object.entries(statementHomes).flatMap(([statement, homes]) =>
      homes.includes(file)
        ? []
        : matches(source, new RegExp(`\\b${statement.replaceAll(' ', '\\s+')}\\b`, 'g')),
    ),

  // Else a round trip is hidden in what looks like a piece of a statement.
  'what is async beside SQL asks the database it is given': (file, source) =>
    file.endsWith('.sql.ts') ? matches(source, /\basync function \w+(?:<[^>]*>)?\(\s*(?!db\b)\w+/g) : [],

  // Whoever hands the environment on whole reads nothing of it.
  'only config.ts touches the environment': (file, source) =>
    file === 'src/config.ts'
      ? []
      : matches(
          source,
          /\benv\??(?:\.\w+|\[)|\}(?:: \w+)? = (?:\w+\.)?env\b|\bprocess\.env\b|'cloudflare:workers'|\bnew VariableReader\b/g,
        ),

  'src never imports tools or tests': (_file, _source, imports) =>
    imports.filter((path) => /^(tools|test)\//.test(path)),

  'the crypto, db and http kits never import the application': (file, _source, imports) =>
    /^src\/(crypto|db|http|rate-limit|mail|ui)\//.test(file)
      ? imports.filter((path) => path === 'src/app.ts')
      : [],

  'crypto is pure, and access tokens are made of it alone': (file, _source, imports) => {
    const [, own = ''] = /^src\/(crypto|access-tokens)\//.exec(file) ?? [];
    const reached = imports.filter((path) => path.startsWith('src/') && !path.startsWith(`src/${own}/`));
    if (own === '') return [];
    return own === 'crypto' ? reached : reached.filter((path) => !path.startsWith('src/crypto/'));
  },

  'a file is one thing': (_file, source) => {
    const lines = source.split('\n').length;
    return lines > linesMax ? [`${lines} lines`] : [];
  },
};

/** Everything in which the sources break the layout. */
export function findViolations(sources: Sources): Violation[] {
  const perFile = Object.entries(sources).flatMap(([file, source]) => {
    const imports = importsOf(file, source);
    return Object.entries(rules).flatMap(([rule, check]) =>
      check(file, source, imports).map((detail) => ({ rule, file, detail })),
    );
  });
  return [...perFile, ...findCycles(sources)];
}

/** The names of all rules, so that a test can prove each of them able to fail. */
export const ruleNames = [...Object.keys(rules), 'imports have no cycles'];

// Types too, and what is loaded by `import()`: whoever reads a file that another one needs has to read that one first.
function findCycles(sources: Sources): Violation[] {
  const edges = new Map(Object.entries(sources).map(([file, source]) => [file, importsOf(file, source)]));
  const done = new Set<string>();
  const cycles: Violation[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      const detail = [...path.slice(path.indexOf(file)), file].join(' -> ');
      cycles.push({ rule: 'imports have no cycles', file, detail });
      return;
    }
    if (done.has(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
  return cycles;
}

function importsOf(file: string, source: string): string[] {
  const specifiers = [...source.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'/g)].map(
    (match) => match[1] ?? '',
  );
  return specifiers.map((specifier) => new URL(specifier, `file:///${file}`).pathname.slice(1));
}

function featureOf(path: string): string | null {
  return /^src\/features\/([^/]+)\//.exec(path)?.[1] ?? null;
}

function otherFeatures(file: string, imports: readonly string[]): string[] {
  const own = featureOf(file);
  return own === null ? [] : imports.filter((path) => featureOf(path) !== null && featureOf(path) !== own);
}

function matches(source: string, pattern: RegExp): string[] {
  return [...source.matchAll(pattern)].map((match) => match[0]);
}
