/**
 * The bearer token of a request (RFC 6750 section 2.1). `none`: no Authorization header; `unusable`: one that is not
 * `Bearer <token>`, which never falls back to a cookie (SES-12, SES-13).
 */
export type Bearer =
  | { readonly kind: 'none' }
  | { readonly kind: 'unusable' }
  | { readonly kind: 'token'; readonly token: string };

export function readBearer(headers: Headers): Bearer {
  const header = headers.get('Authorization');
  if (header === null) return { kind: 'none' };
  // Two Authorization headers arrive joined by a comma, which is not in the syntax of a token68.
  const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(header)?.[1];
  return token === undefined ? { kind: 'unusable' } : { kind: 'token', token };
}
