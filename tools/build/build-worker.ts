import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type InputOptions, type OutputChunk, type OutputOptions, type Plugin, rolldown } from 'rolldown';
import { projectFolder } from '../project.ts';

/** The files of a Worker by name, as they are uploaded; the entry is `index.mjs`. */
export type Modules = ReadonlyMap<string, Uint8Array>;

/** A built Worker. */
export interface BuiltWorker {
  readonly modules: Modules;
  /** The modules that are evaluated when the Worker starts. */
  readonly startModules: ReadonlySet<string>;
  /** Their sources. */
  readonly startSources: ReadonlySet<string>;
  /** The code of each source before it was minified, by the name of the module that has it. */
  readonly renderedSources: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

const entryOfService = join(projectFolder, 'src/index.ts');

/** What answers the requests that are for no hot route, and what features say for the flows of others. */
const rootsOfApp = /\/src\/(?:.*\/(?:handlers|rules)|mail\/outbox|rate-limit\/attempts-table|scheduled)\.ts$/;
/** By what the body of a hot route is checked: the first one must not wait for the app. */
const rootsOfBodies = /\/src\/(?:http\/validate|features\/sessions\/schemas)\.ts$/;

/** How every Worker is bundled, besides its entry. */
export const inputOptions: InputOptions = {
  cwd: projectFolder,
  platform: 'browser',
  external: [/^node:/, /^cloudflare:/],
  resolve: { conditionNames: ['workerd', 'worker', 'browser', 'import'] },
  // The entry exports nothing but handlers; what other modules need of it is elsewhere.
  preserveEntrySignatures: 'allow-extension',
  transform: { target: 'es2024' },
  // No file of ours, and of no package, does anything by being imported alone.
  treeshake: { moduleSideEffects: false },
  plugins: [uploadedAsTheyAre()],
  logLevel: 'warn',
};

export const outputOptions: OutputOptions = {
  format: 'esm',
  minify: true,
  // By this ending wrangler and workerd take them for modules.
  entryFileNames: '[name].mjs',
  chunkFileNames: '[name].mjs',
  assetFileNames: '[name][extname]',
};

/** Modules that are not JavaScript: workerd reads them by the kind that their names say. */
function uploadedAsTheyAre(): Plugin {
  return {
    name: 'uploaded-as-they-are',
    async resolveId(source, importer) {
      if (!/\.(?:sql|wasm)$/.test(source)) return null;
      const resolved = await this.resolve(source, importer, { skipSelf: true });
      if (resolved === null) return null;
      const file = this.emitFile({
        type: 'asset',
        name: basename(resolved.id),
        source: await readFile(resolved.id),
      });
      return { id: `./${this.getFileName(file)}`, external: true };
    },
  };
}

/**
 * Bundles a Worker into few modules, each of which workerd compiles when it is first imported: what the Worker evaluates at
 * its start (`start`), what checks the bodies of hot routes (`bodies`), what it evaluates with the first request that is for
 * no hot route (`app`), what pages are made of, and each package that is seldom needed. What belongs to the first three is
 * found by building once before.
 */
export async function buildWorker(entry = entryOfService): Promise<BuiltWorker> {
  const bundle = await rolldown({ ...inputOptions, input: { index: entry } });
  try {
    const { output: found } = await bundle.generate(outputOptions);
    const chunks = found.filter((file) => file.type === 'chunk');
    const atStart = sourcesOf(withImports(chunks, (chunk) => chunk.isEntry));
    const ofBodies = sourcesOf(withImports(chunks, has(rootsOfBodies)));
    const inApp = sourcesOf(withImports(chunks, has(rootsOfApp)));
    const groupOf = (source: string): string | null => {
      // The entry exports nothing but handlers, so it is a module of its own.
      if (source === entry) return null;
      if (atStart.has(source)) return 'start';
      if (ofBodies.has(source)) return 'bodies';
      return inApp.has(source) ? groupOfApp(source) : groupOnDemand(source);
    };
    const { output } = await bundle.generate({
      ...outputOptions,
      codeSplitting: {
        groups: [{ name: groupOf, debugName: 'when it is evaluated' }],
        includeDependenciesRecursively: false,
      },
    });
    const built = output.filter((file) => file.type === 'chunk');
    refuseCycles(built);
    const modules = output.map(
      (file) => [file.fileName, toBytes(file.type === 'chunk' ? file.code : file.source)] as const,
    );
    const renderedSources = new Map(
      output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, codeBySource(file)] as const] : [])),
    );
    return {
      modules: new Map(modules),
      startModules: new Set(withImports(built, ({ isEntry }) => isEntry).map(({ fileName }) => fileName)),
      startSources: atStart,
      renderedSources,
    };
  } finally {
    await bundle.close();
  }
}

function has(sources: RegExp): (chunk: OutputChunk) => boolean {
  return ({ moduleIds }) => moduleIds.some((source) => sources.test(source));
}

/** These chunks, and all that they import before they are evaluated. */
function withImports(
  chunks: readonly OutputChunk[],
  isRoot: (chunk: OutputChunk) => boolean,
): readonly OutputChunk[] {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const seen = new Set<OutputChunk>();
  const visit = (chunk: OutputChunk | undefined) => {
    if (chunk === undefined || seen.has(chunk)) return;
    seen.add(chunk);
    for (const name of chunk.imports) visit(byName.get(name));
  };
  for (const chunk of chunks) if (isRoot(chunk)) visit(chunk);
  return [...seen];
}

function sourcesOf(chunks: readonly OutputChunk[]): ReadonlySet<string> {
  return new Set(chunks.flatMap(({ moduleIds }) => moduleIds));
}

/** What is alike lies together, since the upload is compressed: 1 KiB less than one module. */
function groupOfApp(source: string): string {
  if (/\/src\/languages\//.test(source)) return 'app-mails';
  return /\/node_modules\//.test(source) ? 'app-packages' : 'app';
}

/** What pages are made of, and what stays a module of its own: packages, and what is needed without pages. */
function groupOnDemand(source: string): string | null {
  if (/\/src\/languages\/de\b/.test(source)) return 'pages-de';
  if (/\/src\/(?:crypto|db|features\/(?:password\/new-password|sessions\/reuse))\//.test(source)) return null;
  return /\/src\/|\/hono\//.test(source) ? 'pages' : null;
}

/** Modules that import each other would meet names that have no value yet, depending on which is asked for first. */
function refuseCycles(chunks: readonly OutputChunk[]): void {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) throw new Error(`modules import each other: ${[...path, name].join(' -> ')}`);
    for (const imported of byName.get(name)?.imports ?? []) visit(imported, [...path, name]);
  };
  for (const name of byName.keys()) visit(name, []);
}

function codeBySource({ modules }: OutputChunk): ReadonlyMap<string, string> {
  return new Map(Object.entries(modules).map(([source, { code }]) => [source, code ?? '']));
}

function toBytes(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content;
}

/** Writes the modules to a folder that has nothing else. */
export async function writeModules(modules: Modules, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, content] of modules) await writeFile(join(folder, name), content);
}

/** Where wrangler.toml expects the built service. */
export const builtFolder = fileURLToPath(new URL('../../dist/worker/', import.meta.url));
