import { beforeAll, describe, expect, test } from 'vitest';
import { type BuiltWorker, buildWorker, inputOptions } from '../../tools/build/build-worker.ts';

let worker: BuiltWorker;

beforeAll(async () => {
  worker = await buildWorker();
});

const text = (name: string) => new TextDecoder().decode(worker.modules.get(name));
const packageOf = (source: string) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1];

describe('the built Worker', () => {
  test('evaluates nothing at its start but what the hot routes need', () => {
    const packages = new Set([...worker.startSources].map(packageOf).filter((name) => name !== undefined));
    expect([...packages].toSorted()).toEqual(['@neondatabase/serverless', '@noble/hashes', 'hono', 'jose']);
    // Of each feature the manifest, with its routes; of few what answers them.
    const evaluated = [...worker.startSources].filter((source) => !/\/(?:feature|routes)\.ts$/.test(source));
    const features = new Set(evaluated.map((source) => /features\/([^/]+)/.exec(source)?.[1]));
    expect([...features].filter((name) => name !== undefined).toSorted()).toEqual([
      'account',
      'health',
      'security-events',
      'sessions',
      'users',
    ]);
    const others = [...worker.startSources].flatMap(
      (source) => /\/src\/((?:ui|languages|mail|features\/[^/]+\/pages)\/.*)/.exec(source)?.[1] ?? [],
    );
    expect(others.toSorted()).toEqual(['mail/mail-client.ts', 'mail/mailbox.ts', 'mail/mailer.ts']);
  });

  test('has every package as it is: nothing in the build changes a source', () => {
    const plugins = [inputOptions.plugins].flat();
    expect(plugins.map((plugin) => Object.keys(plugin ?? {}))).toEqual([['name', 'resolveId']]);
  });

  test('is few modules, of which the entry exports handlers alone', () => {
    const names = [...worker.modules.keys()].filter((name) => name.endsWith('.mjs'));
    expect(names.length).toBeLessThan(20);
    expect(text('index.mjs')).toMatch(/export\{\w+ as default\};?$/);
  });

  test('every module that one imports is among them, and every one is imported', () => {
    const imported = [...worker.modules.keys()]
      .filter((name) => name.endsWith('.mjs'))
      .flatMap((name) =>
        Array.from(
          text(name).matchAll(/(?:from|import\(?)\s*["'`]\.\/([^"'`]+)["'`]/g),
          (match) => match[1] ?? '',
        ),
      );
    expect(imported.filter((name) => !worker.modules.has(name))).toEqual([]);
    expect([...worker.modules.keys()].filter((name) => !imported.includes(name))).toEqual(['index.mjs']);
  });
});
