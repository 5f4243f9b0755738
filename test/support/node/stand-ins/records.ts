/** What was sent to a token endpoint. */
export interface TokenRequest {
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface RevokedToken {
  readonly token: string;
  readonly tokenTypeHint: string | null;
  readonly clientId: string;
}

/** What the stand-ins remember of a test run. */
export class Records {
  readonly #hits = new Map<string, number>();
  readonly #tokenRequests = new Map<string, TokenRequest[]>();
  readonly #redemptions = new Map<string, number>();
  readonly revokedTokens: RevokedToken[] = [];

  hit(path: string): void {
    this.#hits.set(path, this.hitsOf(path) + 1);
  }

  hitsOf(path: string): number {
    return this.#hits.get(path) ?? 0;
  }

  addTokenRequest(code: string, request: TokenRequest): void {
    this.#tokenRequests.set(code, [...this.tokenRequestsOf(code), request]);
  }

  tokenRequestsOf(code: string): readonly TokenRequest[] {
    return this.#tokenRequests.get(code) ?? [];
  }

  /** Counts a redemption of the code and returns how many there have been. */
  redeem(code: string): number {
    const count = (this.#redemptions.get(code) ?? 0) + 1;
    this.#redemptions.set(code, count);
    return count;
  }
}
