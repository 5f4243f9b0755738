import { blake2b } from '@noble/hashes/blake2.js';
import { type Argon2Core, argon2Core } from './argon2-core.ts';

/** The cost of one Argon2id hash (RFC 9106 section 3.1). */
export interface Argon2Parameters {
  /** m: memory in KiB. */
  readonly memoryKib: number;
  /** t: passes over the memory. */
  readonly passes: number;
  /** p: lanes, computed one after the other. */
  readonly lanes: number;
}

/** The input of a hash. `secret` is K and `associatedData` is X of RFC 9106; absent means empty. */
export interface Argon2Input {
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly secret?: Uint8Array;
  readonly associatedData?: Uint8Array;
}

/** The most memory that the instance can hold, in KiB. */
export const argon2MemoryKibMax = 65_536;

const version = 0x13;
const argon2idType = 2;
const slices = 4;
const block = 1024;
/** Pairs of pseudo-random numbers in one block of addresses. */
const addressesPerBlock = 128;

// The layout of the WebAssembly memory: scratch first, then the matrix of blocks, lane by lane.
const scratch = 0;
const addresses = block;
const addressInput = 2 * block;
const zeroBlock = 3 * block;
const reference = 4 * block;
const mixed = 4 * block + 16;
const matrix = mixed + block;

/**
 * Argon2id version 0x13 (RFC 9106 section 3.2). Synchronous: 30 ms for m=19456, t=2, p=1 in workerd.
 *
 * The loop is our own, over the block functions of the `argon2id` package: the package's loop creates a typed array
 * per block (36 ms in workerd, and twice the CPU with the threads of the garbage collector: 67 ms against 32), and
 * refuses empty and some one-byte passwords. The blocks are not wiped: that costs 5 %, and the password stays in
 * memory as a string anyway.
 *
 * @throws RangeError for unsupported parameters: memory above `argon2MemoryKibMax` or below 8 KiB per lane
 */
export function argon2id(input: Argon2Input, parameters: Argon2Parameters, tagBytes: number): Uint8Array {
  const { memoryKib, passes, lanes } = parameters;
  if (memoryKib > argon2MemoryKibMax || lanes < 1 || memoryKib < 8 * lanes || passes < 1) {
    throw new RangeError('Argon2id parameters are out of range');
  }
  const core = argon2Core();
  const columns = slices * Math.floor(memoryKib / (slices * lanes));

  writeFirstBlocks(core, initialHash(input, parameters, tagBytes), lanes, columns);
  for (let pass = 0; pass < passes; pass++) {
    for (let slice = 0; slice < slices; slice++) {
      for (let lane = 0; lane < lanes; lane++)
        fillSegment(core, { passes, lanes, columns }, pass, slice, lane);
    }
  }

  const last = (lane: number) => matrix + block * (lane * columns + columns - 1);
  for (let lane = 1; lane < lanes; lane++) core.functions.xor(last(0), last(0), last(lane));
  return variableLengthHash(core.bytes.subarray(last(0), last(0) + block), tagBytes);
}

/** H_0 of section 3.2, step 1: every input and parameter, each text with its length before it. */
function initialHash(input: Argon2Input, parameters: Argon2Parameters, tagBytes: number): Uint8Array {
  const { memoryKib, passes, lanes } = parameters;
  const hash = blake2b.create({ dkLen: 64 });
  hash.update(uint32s(lanes, tagBytes, memoryKib, passes, version, argon2idType));
  for (const text of [input.password, input.salt, input.secret, input.associatedData]) {
    hash.update(uint32s(text?.length ?? 0));
    if (text !== undefined) hash.update(text);
  }
  return hash.digest();
}

/** Steps 3 and 4: the first two blocks of each lane. */
function writeFirstBlocks(core: Argon2Core, seed: Uint8Array, lanes: number, columns: number): void {
  for (let lane = 0; lane < lanes; lane++) {
    for (let column = 0; column < 2; column++) {
      const first = variableLengthHash(concatenate(seed, uint32s(column, lane)), block);
      core.bytes.set(first, matrix + block * (lane * columns + column));
    }
  }
}

interface Matrix {
  readonly passes: number;
  readonly lanes: number;
  readonly columns: number;
}

/** Steps 5 and 6 for the part of one lane that lies in one slice. */
function fillSegment(core: Argon2Core, shape: Matrix, pass: number, slice: number, lane: number): void {
  const { functions } = core;
  const { lanes, columns, passes } = shape;
  const length = columns / slices;
  const laneStart = matrix + block * lane * columns;
  const numbers = new Uint32Array(core.bytes.buffer);
  // Argon2id: in the first half of the first pass the password does not decide what is read (section 3.4.1.3).
  const isIndependent = pass === 0 && slice < 2;
  if (isIndependent) {
    const z = [pass, 0, lane, 0, slice, 0, lanes * columns, 0, passes, 0, argon2idType, 0, 0];
    numbers.set(z, addressInput / 4);
  }

  const start = pass === 0 && slice === 0 ? 2 : 0;
  for (let index = start; index < length; index++) {
    const column = slice * length + index;
    const previous = laneStart + block * (column === 0 ? columns - 1 : column - 1);
    const current = laneStart + block * column;

    let random = previous;
    if (isIndependent) {
      const position = index % addressesPerBlock;
      if (position === 0 || index === start) {
        numbers[addressInput / 4 + 12] = Math.floor(index / addressesPerBlock) + 1;
        functions.G2(zeroBlock, addressInput, addresses, scratch);
      }
      random = addresses + 8 * position;
    }

    functions.getLZ(reference, random, lane, lanes, pass, slice, index, slices, length);
    const row = numbers[reference / 4] ?? 0;
    const other = matrix + block * (row * columns + (numbers[reference / 4 + 1] ?? 0));
    if (pass === 0) {
      functions.G(previous, other, current, scratch);
    } else {
      functions.G(previous, other, mixed, scratch);
      functions.xor(current, current, mixed);
    }
  }
}

/** H' of section 3.3: a hash of any length from BLAKE2b. */
function variableLengthHash(message: Uint8Array, length: number): Uint8Array {
  const prefixed = concatenate(uint32s(length), message);
  if (length <= 64) return blake2b(prefixed, { dkLen: length });

  const result = new Uint8Array(length);
  let value = blake2b(prefixed, { dkLen: 64 });
  let offset = 0;
  for (; length - offset > 64; offset += 32) {
    result.set(value.subarray(0, 32), offset);
    value = blake2b(value, { dkLen: Math.min(64, length - offset - 32) });
  }
  result.set(value, offset);
  return result;
}

function uint32s(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setUint32(4 * index, value, true);
  return bytes;
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
