import simd from 'argon2id/dist/simd.wasm';

/**
 * The exported functions of the module. All numbers are byte offsets into its memory unless a comment says otherwise.
 */
interface CoreExports {
  /** The compression function G of RFC 9106 section 3.5: `out = G(x, y)`, with one block of scratch memory. */
  G(x: number, y: number, out: number, scratch: number): void;
  /** `out = G(x, G(x, y))`, which makes a block of pseudo-random addresses (RFC 9106 section 3.4.1.2). */
  G2(x: number, y: number, out: number, scratch: number): void;
  /** `out = a XOR b`, over one block. */
  xor(out: number, a: number, b: number): void;
  /** Writes lane `l` and column `z` of the reference block as two uint32 (RFC 9106 section 3.4.2). */
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

/** The block functions of Argon2 in WebAssembly, and their memory. */
export interface Argon2Core {
  readonly functions: CoreExports;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Memory for the largest accepted hash, which is also the module's declared minimum: 1040 pages = 65 MiB. */
const memoryPages = 1040;

let core: Argon2Core | undefined;

/**
 * Returns the one instance of this isolate, created on first use. WebAssembly memory never shrinks and an isolate has
 * 128 MB for everything, so its size is fixed: a second or a growing instance could end the isolate. Hashing is
 * synchronous, so two requests never use it at the same time.
 */
export function argon2Core(): Argon2Core {
  core ??= instantiate();
  return core;
}

function instantiate(): Argon2Core {
  const memory = new WebAssembly.Memory({ initial: memoryPages, maximum: memoryPages });
  const instance = new WebAssembly.Instance(simd, { env: { memory } });
  // argon2id 1.0.1 has no types for its module: CoreExports follows its lib/wasm.c.
  return { functions: instance.exports as unknown as CoreExports, bytes: new Uint8Array(memory.buffer) };
}
