import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type OutputChunk, type Plugin, rolldown } from 'rolldown';
import { inputOptions, type Modules, outputOptions } from '../build/build-worker.ts';
import { projectFolder } from '../project.ts';
import { packageOf } from './source-sizes.ts';

/** The sources of the service, which can be divided into modules in other ways than those that are deployed. */
export interface ServiceGraph {
  /** The packages that the service evaluates when it starts, and those that it evaluates later. */
  readonly packages: { readonly atStart: readonly string[]; readonly later: readonly string[] };
  /**
   * The service as `service.mjs`, which exports `fetch`, and `imports` by feature. What it evaluates at its start is one
   * module, and so is what the feature needs besides.
   */
  divideByFeature(feature: string): Promise<Modules>;
  /** The same with a module for each of these packages, named by `moduleOfPackage`. */
  divideByPackage(packages: readonly string[]): Promise<Modules>;
  close(): Promise<void>;
}

/** The module of a package. */
export function moduleOfPackage(name: string): string {
  return `package-${name.replace('@', '').replaceAll('/', '-')}.mjs`;
}

const entry = 'bench:service';
const featureIn = /^bench:feature\/(.+)$/;

/** Reads the sources of the service, and of these features, each of which is imported by itself. */
export async function openServiceGraph(features: readonly string[]): Promise<ServiceGraph> {
  const bundle = await rolldown({
    ...inputOptions,
    input: { service: entry },
    plugins: [virtualModules(features), inputOptions.plugins],
    logLevel: 'silent',
  });
  const divide = async (groupOf: (source: string) => string | null): Promise<Modules> => {
    const { output } = await bundle.generate({
      ...outputOptions,
      codeSplitting: {
        groups: [{ name: groupOf, debugName: 'what is measured' }],
        includeDependenciesRecursively: false,
      },
    });
    const encoder = new TextEncoder();
    return new Map(
      output.flatMap((file) =>
        file.type === 'chunk' ? [[file.fileName, encoder.encode(file.code)] as const] : [],
      ),
    );
  };

  const { output } = await bundle.generate({ format: 'esm' });
  const chunks = output.filter((file) => file.type === 'chunk');
  const atStart = sourcesFrom(chunks, entry);
  const isApart = (source: string) => source.startsWith('\0') || source.startsWith('bench:');
  const packagesAtStart = packagesOf(atStart);
  const allPackages = packagesOf(chunks.flatMap(({ moduleIds }) => moduleIds));
  return {
    packages: {
      atStart: [...packagesAtStart],
      later: [...allPackages].filter((name) => !packagesAtStart.has(name)),
    },
    divideByFeature(feature) {
      const needed = sourcesFrom(chunks, `bench:feature/${feature}`);
      return divide((source) => {
        if (isApart(source)) return null;
        if (atStart.has(source)) return 'start';
        return needed.has(source) ? 'feature' : 'rest';
      });
    },
    divideByPackage(packages) {
      return divide((source) => {
        if (isApart(source)) return null;
        const name = packageOf(source);
        if (name !== undefined && packages.includes(name))
          return moduleOfPackage(name).slice(0, -'.mjs'.length);
        return atStart.has(source) ? 'start' : 'rest';
      });
    },
    close: () => bundle.close(),
  };
}

function packagesOf(sources: Iterable<string>): ReadonlySet<string> {
  const names = Array.from(sources, packageOf).filter((name) => name !== undefined && name !== 'rolldown');
  return new Set(names as string[]);
}

/** The sources of the chunk of this module, and of all chunks that it imports before it is evaluated. */
function sourcesFrom(chunks: readonly OutputChunk[], root: string): ReadonlySet<string> {
  const seen = new Set<OutputChunk>();
  const visit = (chunk: OutputChunk | undefined) => {
    if (chunk === undefined || seen.has(chunk)) return;
    seen.add(chunk);
    for (const name of chunk.imports) visit(chunks.find(({ fileName }) => fileName === name));
  };
  const chunk = chunks.find(({ facadeModuleId }) => facadeModuleId === root);
  if (chunk === undefined) throw new Error(`there is no ${root}`);
  visit(chunk);
  return new Set(Array.from(seen, ({ moduleIds }) => moduleIds).flat());
}

/** What others import of a feature, what answers its routes, and what it says for the flows of others. */
function sourcesLoadedOf(feature: string): string[] {
  const files = readdirSync(join(projectFolder, 'src/features', feature), {
    recursive: true,
    encoding: 'utf8',
  });
  return files.filter((path) => /^(?:index|rules)\.ts$|(?:^|\/)handlers\.ts$/.test(path));
}

/** The entry, and a module for each feature, so that no import of a feature's index by another source counts. */
function virtualModules(features: readonly string[]): Plugin {
  const quotedPath = (path: string) => JSON.stringify(join(projectFolder, 'src', path));
  const imports = features.map((feature) => `"${feature}": () => import("bench:feature/${feature}")`);
  const entryCode = `import { createApp } from ${quotedPath('app.ts')};
export const { fetch } = createApp();
export const imports = { ${imports.join(', ')} };`;
  return {
    name: 'virtual-modules',
    resolveId: (source) => (source.startsWith('bench:') ? source : null),
    load(id) {
      if (id === entry) return entryCode;
      const feature = featureIn.exec(id)?.[1];
      if (feature === undefined) return null;
      return sourcesLoadedOf(feature)
        .map((path, n) => `export * as part${n} from ${quotedPath(`features/${feature}/${path}`)};`)
        .join('\n');
    },
  };
}
