/** Overrides of what a stand-in would say; null leaves the entry out. */
export type StandInOverrides = Readonly<Record<string, unknown>>;

/** What a stand-in for a provider makes of an authorization code. */
export interface StandInInstructions {
  /**
   * `code_challenge` of the authorization request: the token endpoint wants the verifier that belongs to it. Empty for a code
   * of a provider's own sign-in on a device, which has neither that nor a redirect URI.
   */
  readonly codeChallenge: string;
  readonly nonce?: string;
  readonly sub: string;
  /** Of the ID token: its address is `<sub>@example.com` and verified unless they say otherwise. */
  readonly claims?: StandInOverrides;
  /** Of the ID token's header. */
  readonly header?: StandInOverrides;
  /** How the ID token is signed, `good` unless given. */
  readonly sign?: 'good' | 'other-key' | 'none' | 'hs256-with-public-key';
  /** Of the token endpoint's answer. With `body`, `redirectTo` or `hugeBytes` it redeems nothing. */
  readonly status?: number;
  readonly body?: string;
  readonly contentType?: string;
  readonly redirectTo?: string;
  /** How long the answer is. */
  readonly hugeBytes?: number;
  readonly delayMs?: number;
  readonly tokenResponse?: StandInOverrides;
  /** Of the userinfo endpoint's answer, which is the subject, the address, `email_verified` and the name. */
  readonly userinfo?: StandInOverrides;
  readonly github?: StandInGitHubUser;
  /** How often the code can be redeemed, once unless given. */
  readonly uses?: number;
}

/** What GitHub says of a user. */
export interface StandInGitHubUser {
  readonly id: number;
  readonly login: string;
  readonly name: string | null;
  readonly emails: readonly {
    readonly email: string;
    readonly primary: boolean;
    readonly verified: boolean;
    readonly visibility: 'public' | 'private' | null;
  }[];
  /** Of the answers about the user and about the addresses, 200 unless given. */
  readonly userStatus?: number;
  readonly emailsStatus?: number;
}

/** Makes an authorization code that tells the stand-in how to answer; no two are the same. */
export function standInCode(instructions: StandInInstructions): string {
  return encodeStandIn({ ...instructions, id: crypto.randomUUID() });
}

/** Encodes a value as text that may stand in a URL or in a header. */
export function encodeStandIn(value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
