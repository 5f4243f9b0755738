import simd from 'argon2id/dist/simd.wasm';

/** The module's exported functions. All numbers are byte offsets into its memory unless a comment says otherwise. */
interface CoreExports {
  /** The compression function G of RFC 9106 section 3.5: `out = G(x, y)`, with a block of scratch. */
  G(x: number, y: number, out: number, scratch: number): void;
  /** `out = G(x, G(x, y))`, which makes a block of pseudo-random addresses (RFC 9106 section 3.4.1.2). */
  G2(x: number, y: number, out: number, scratch: number): void;
  /** `out = a XOR b`, over one block. */
  xor(out: number, a: number, b: number): void;
  /** Writes the lane `l` and column `z` of the reference block as two uint32 (RFC 9106 section 3.4.2). */
  getLZ(
    out: number,
    j1j2: number,
    lane: number,
    lanes: number,
    pass: number,
    slice: number,
    index: number,
    slices: number,
    segmentLength: number,
  ): void;
}

/** The block functions of Argon2 in WebAssembly with the memory that they work on. */
export interface Argon2Core {
  readonly functions: CoreExports;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Memory for the largest hash that is accepted, and what the module declares as its least: 1040 pages = 65 MiB. */
const memoryPages = 1040;

let core: Argon2Core | undefined;

/**
 * The one instance of this isolate, made on first use. WebAssembly memory never shrinks and an isolate has 128 MB for
 * everything, so its size is fixed: a second instance, or a growing one, could end the isolate. Hashing is synchronous,
 * so two requests never use it at the same time.
 */
export function argon2Core(): Argon2Core {
  core ??= instantiate();
  return core;
}

function instantiate(): Argon2Core {
  const memory = new WebAssembly.Memory({ initial: memoryPages, maximum: memoryPages });
  const instance = new WebAssembly.Instance(simd, { env: { memory } });
  // argon2id 1.0.1 publishes no types for its module: CoreExports follows its lib/wasm.c.
  return { functions: instance.exports as unknown as CoreExports, bytes: new Uint8Array(memory.buffer) };
}
