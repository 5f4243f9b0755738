/** How much a client may still do of something, as far as is known here. */
export interface Budget {
  readonly name: string;
  /** Of a whole window. */
  readonly quota: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Whole seconds until the window ends, at least 1. */
  readonly resetSeconds: number;
}

/** The response headers that tell it: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11). */
export function budgetFields({
  name,
  quota,
  windowSeconds,
  remaining,
  resetSeconds,
}: Budget): Record<string, string> {
  return {
    'RateLimit-Policy': `"${name}";q=${quota};w=${windowSeconds}`,
    RateLimit: `"${name}";r=${remaining};t=${resetSeconds}`,
  };
}
