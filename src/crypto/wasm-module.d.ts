/** wrangler and the test pool compile a `.wasm` import when the Worker starts: code cannot be compiled later. */
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
