/** A client's remaining budget, as far as this isolate knows. */
export interface Budget {
  readonly name: string;
  /** The number per window. */
  readonly quota: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Whole seconds until the window ends, at least 1. */
  readonly resetSeconds: number;
}

/**
 * Returns the response headers for it: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11).
 */
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
