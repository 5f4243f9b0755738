/** The files of a Worker by name; the entry is `index.js`. */
export type Modules = ReadonlyMap<string, Uint8Array>;

/** Kinds of modules by the ending of their names: wrangler's default rules. */
const kinds: Readonly<Record<string, string>> = {
  js: 'esModule',
  mjs: 'esModule',
  wasm: 'wasm',
  txt: 'text',
  html: 'text',
  sql: 'text',
};

/**
 * The text of a workerd configuration (workerd.capnp) that serves one Worker over HTTP on a free port of the loopback
 * interface. The Worker reaches nothing beyond this machine. Its modules are files beside the configuration.
 */
export function workerdConfig(
  modules: Modules,
  vars: Readonly<Record<string, string>>,
  compatibilityDate: string,
): string {
  // The first module is the entry.
  const names = ['index.js', ...[...modules.keys()].filter((name) => name !== 'index.js')];
  const embeds = names.map((name) => `(name = ${quote(name)}, ${kindOf(name)} = embed ${quote(name)})`);
  const bindings = Object.entries(vars).map(
    ([name, value]) => `(name = ${quote(name)}, text = ${quote(value)})`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  compatibilityDate = ${quote(compatibilityDate)},
  modules = [${embeds.join(', ')}],
  bindings = [${bindings.join(', ')}],
);
`;
}

function kindOf(name: string): string {
  return kinds[name.split('.').at(-1) ?? ''] ?? 'data';
}

/** Cap'n Proto's text escapes are those of C, with which JSON's agree for printable ASCII. */
function quote(text: string): string {
  return JSON.stringify(text);
}
