import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { encodeBase64Url } from './base64url.ts';

const rootBytesMin = 32;
const subKeyBytes = 32;
const keyIdBytes = 4;

/**
 * One root secret and its sub-keys, derived by HKDF-SHA-256 (RFC 5869, no salt, `info` = the label). Sub-keys are
 * derived on first use and kept. All key material is in private fields, so that printing or serialising reveals none.
 */
export class RootKey {
  readonly #secret: Uint8Array;
  readonly #subKeys = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #begunMacs = new Map<string, ReturnType<typeof hmac.create>>();

  /**
   * Copies the secret.
   * @throws TypeError when it is shorter than 32 bytes
   */
  constructor(secret: Uint8Array) {
    if (secret.length < rootBytesMin) {
      throw new TypeError(`a root secret needs at least ${rootBytesMin} bytes`);
    }
    this.#secret = secret.slice();
  }

  /** The public id of this root: 6 base64url characters that reveal nothing about the secret. */
  get id(): string {
    return encodeBase64Url(this.#derive('key-id', keyIdBytes));
  }

  /** The 32-byte sub-key for one label, independent of those of other labels. The caller must not change it. */
  subKey(label: string): Uint8Array<ArrayBuffer> {
    return this.#derive(label, subKeyBytes);
  }

  /** HMAC-SHA-256 (RFC 2104) of the message with the sub-key of this label, whose own blocks are hashed once. */
  mac(label: string, message: Uint8Array): Uint8Array {
    const begun = this.#begunMacs.get(label) ?? hmac.create(sha256, this.subKey(label));
    this.#begunMacs.set(label, begun);
    return begun.clone().update(message).digest();
  }

  #derive(label: string, length: number): Uint8Array<ArrayBuffer> {
    let key = this.#subKeys.get(label);
    if (key === undefined) {
      key = hkdf(sha256, this.#secret, undefined, new TextEncoder().encode(`nexora-auth ${label}`), length);
      this.#subKeys.set(label, key);
    }
    return key;
  }
}
