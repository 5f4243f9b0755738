import { describe, expect, test } from 'vitest';

interface Package {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
  readonly link?: boolean;
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

const files = import.meta.glob<string>('../package*.json', { query: '?raw', import: 'default', eager: true });
/** A tarball of a registry. A package whose address the lockfile leaves out comes from the configured one. */
const tarball = /^https:\/\/[^/]+\/.+\.tgz$/;

const manifest: Manifest = JSON.parse(files['../package.json'] ?? '');
const lock: { lockfileVersion: number; packages: Record<string, Package> } = JSON.parse(
  files['../package-lock.json'] ?? '',
);
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');
const shipped = locked.filter(([, { dev, optional, devOptional }]) => !dev && !optional && !devOptional);

/** Versions with fixes that this service needs, and the lowest whose API it is written for. */
const floors: [name: string, floor: string][] = [
  ['hono', '4.12.25'],
  ['jose', '6.2.0'],
  ['@neondatabase/serverless', '1.0.0'],
];

/** Negative, zero or positive, as for Array.sort. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  const differing = [0, 1, 2].find((index) => left?.[index] !== right?.[index]) ?? 2;
  return (left?.[differing] ?? 0) - (right?.[differing] ?? 0);
}

describe('the dependencies', () => {
  test.each(floors)('%s is at least %s, wherever it is installed (SUP-02)', (name, floor) => {
    const installed = shipped.filter(([path]) => path.endsWith(`node_modules/${name}`));
    expect(installed.length).toBeGreaterThan(0);
    for (const [path, { version }] of installed) {
      expect(compareVersions(version, floor), `${path} ${version}`).toBeGreaterThanOrEqual(0);
    }
    expect(compareVersions('4.12.24', '4.12.25')).toBeLessThan(0);
    expect(compareVersions('4.13.0', '4.12.25')).toBeGreaterThan(0);
  });

  test('are pinned to one version each (SUP-02)', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    const all = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(all.length).toBeGreaterThan(10);
    const pin = /^(npm:(@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/;
    expect(all.filter(([, version]) => !pin.test(version))).toEqual([]);
  });

  test('come from a registry with a hash, by a lockfile that agrees with package.json (SUP-02)', () => {
    expect(lock.lockfileVersion).toBeGreaterThanOrEqual(2);
    const fromElsewhere = locked.filter(
      ([, { resolved, integrity }]) =>
        (resolved !== undefined && !tarball.test(resolved)) || !integrity?.startsWith('sha512-'),
    );
    expect(fromElsewhere.map(([path]) => path)).toEqual([]);
    for (const [name, version] of Object.entries(manifest.dependencies)) {
      expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version);
    }
  });

  test('that are shipped run no script when they are installed (SUP-03)', () => {
    expect(shipped.length).toBeGreaterThanOrEqual(Object.keys(manifest.dependencies).length);
    expect(shipped.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)).toEqual([]);
  });
});
