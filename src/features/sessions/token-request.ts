/** The longest token that is looked at, in characters: ours, or any string of the legacy system. */
export const tokenLengthMax = 1024;

/** The body of a refresh and of a logout, as `TokenRequest` lets it pass. */
export interface TokenRequestBody {
  readonly refreshToken?: string | undefined;
}

/** Whether a parsed JSON text is such a body: what the schema says too, without evaluating it. */
export function isTokenRequest(value: unknown): value is TokenRequestBody {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(
    ([name, token]) =>
      name === 'refreshToken' && typeof token === 'string' && token !== '' && token.length <= tokenLengthMax,
  );
}
