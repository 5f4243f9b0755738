import type { Modules } from '../build/build-worker.ts';

/** The kinds of modules by file extension: wrangler's default rules. */
const kinds: Readonly<Record<string, string>> = {
  js: 'esModule',
  mjs: 'esModule',
  wasm: 'wasm',
  txt: 'text',
  html: 'text',
  sql: 'text',
};

/**
 * Returns a workerd configuration (workerd.capnp) that serves one Worker over HTTP on a free port of the loopback
 * interface. The Worker cannot reach anything beyond this machine. Its modules are files next to the configuration.
 */
export function workerdConfig(
  modules: Modules,
  vars: Readonly<Record<string, string>>,
  compatibilityDate: string,
): string {
  // The first module is the entry.
  const names = ['index.mjs', ...[...modules.keys()].filter((name) => name !== 'index.mjs')];
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

/** Cap'n Proto uses the escapes of C, which equal those of JSON for printable ASCII. */
function quote(text: string): string {
  return JSON.stringify(text);
}
