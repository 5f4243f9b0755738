/**
 * A module that is evaluated when it is first needed, and then at hand. It remembers the value and not the promise, which
 * belongs to the request that asked (T21).
 */
export function loadOnce<T>(load: () => Promise<T>): () => T | Promise<T> {
  let loaded: T | undefined;
  return () => {
    if (loaded !== undefined) return loaded;
    return load().then((module) => {
      loaded = module;
      return module;
    });
  };
}
