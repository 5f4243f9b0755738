import { sources } from './sources.ts';

/** The codes in the calls of `defineErrors`, each with its status: `not_found 404`. */
export function declaredCodes(): string[] {
  const texts = Object.values(sources).filter((text) => text.includes('defineErrors({'));
  const found = texts.flatMap((text) => [...text.matchAll(/\b([a-z][a-z_]*): \{\s*status: (\d{3}),/g)]);
  return found.map(([, code, status]) => `${code} ${status}`).toSorted();
}
