/**
 * The text of a workerd configuration (workerd.capnp) that serves one Worker over HTTP on the loopback interface, port 0.
 * The Worker reaches nothing beyond this machine. Modules are files beside the configuration.
 */
export function workerdConfig(
  moduleNames: readonly string[],
  vars: Readonly<Record<string, string>>,
  compatibilityDate: string,
): string {
  // The first module is the entry.
  const inOrder = moduleNames.toSorted((a, b) => Number(b === 'index.js') - Number(a === 'index.js'));
  const modules = inOrder.map((name) => `(name = ${quote(name)}, ${kindOf(name)} = embed ${quote(name)})`);
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
  modules = [${modules.join(', ')}],
  bindings = [${bindings.join(', ')}],
);
`;
}

function kindOf(name: string): string {
  return name.endsWith('.wasm') ? 'wasm' : 'esModule';
}

/** Cap'n Proto text escapes as C does, and JSON's escapes for printable ASCII are the same. */
function quote(text: string): string {
  return JSON.stringify(text);
}
