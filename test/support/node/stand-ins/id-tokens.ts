import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { StandInInstructions } from '../../stand-in-code.ts';
import { type Answer, json, override } from './answer.ts';

const keyId = 'stand-in-key';

/** Signs the ID tokens of all stand-ins, which share one RS256 key. */
export class IdTokens {
  readonly #good = generateRsaKey();
  readonly #other = generateRsaKey();

  /** The private key, with which a test signs what an app got of its provider. */
  get signingKey(): JsonWebKey {
    return { ...this.#good.privateKey.export({ format: 'jwk' }), kid: keyId, alg: 'RS256' } as JsonWebKey;
  }

  jwks(): Answer {
    const jwk = this.#good.publicKey.export({ format: 'jwk' });
    return json({ keys: [{ ...jwk, kid: keyId, alg: 'RS256', use: 'sig' }] });
  }

  /** Makes an ID token of the claims, with what the instructions want otherwise in it. */
  make(claims: Readonly<Record<string, unknown>>, instructions: StandInInstructions): string {
    const issuedAt = Math.floor(Date.now() / 1000);
    const { sub, nonce, sign: mode = 'good' } = instructions;
    const payload = override(
      { iat: issuedAt, exp: issuedAt + 600, sub, nonce, email: `${sub}@example.com`, ...claims },
      instructions.claims,
    );
    const header = override({ alg: algorithms[mode], kid: keyId, typ: 'JWT' }, instructions.header);
    const input = `${encode(header)}.${encode(payload)}`;
    return `${input}.${this.#signature(input, mode).toString('base64url')}`;
  }

  #signature(input: string, mode: keyof typeof algorithms): Buffer {
    switch (mode) {
      case 'none':
        return Buffer.alloc(0);
      case 'hs256-with-public-key':
        return createHmac('sha256', toPem(this.#good.publicKey)).update(input).digest();
      case 'good':
        return sign('sha256', Buffer.from(input), this.#good.privateKey);
      case 'other-key':
        return sign('sha256', Buffer.from(input), this.#other.privateKey);
    }
  }
}

const algorithms = { good: 'RS256', 'other-key': 'RS256', none: 'none', 'hs256-with-public-key': 'HS256' };

function generateRsaKey(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

function toPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
