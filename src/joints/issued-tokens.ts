/** The tokens of a session, as they are answered. Lifetimes in seconds. */
export interface IssuedTokens {
  readonly accessToken: string;
  readonly expiresIn: number;
  /** One for each transport that gets one. */
  readonly refreshTokens: Partial<Record<'cookie' | 'body', string>>;
  readonly refreshExpiresIn: number;
}
