import * as z from 'zod/mini';

/** Ids that stand for something else: a provider of its own file, or a path beside those of the providers. */
const reservedIds = ['google', 'github', 'microsoft', 'apple', 'providers', 'token'];

/** One entry of OIDC_PROVIDERS. */
export const OpenIdSettings = z.strictObject({
  id: z.string().check(
    z.regex(/^[a-z][a-z0-9-]{0,31}$/),
    z.refine((id) => !reservedIds.includes(id)),
  ),
  name: z.string().check(z.minLength(1), z.maxLength(50), z.regex(/^[^\p{Cc}]*$/u)),
  issuer: z.string().check(z.refine(isIssuer)),
  clientId: z.string().check(z.minLength(1), z.maxLength(255)),
  clientSecret: z.string().check(z.minLength(1), z.maxLength(1024)),
  /** With `openid` among them: else there is no ID token. */
  scopes: z.optional(
    z
      .string()
      .check(z.regex(/^(?=(?:\S+ )*openid(?: |$))(?:[\x21\x23-\x5b\x5d-\x7e]+ )*[\x21\x23-\x5b\x5d-\x7e]+$/)),
  ),
  trustEmail: z.optional(z.boolean()),
  allowSignUp: z.optional(z.boolean()),
  responseMode: z.optional(z.enum(['query', 'form_post'])),
});
export type OpenIdSettings = z.output<typeof OpenIdSettings>;

/** https without query or fragment (OpenID Connect Core section 2); that of this machine may do without TLS, in development. */
function isIssuer(text: string): boolean {
  const url = /[\s\p{Cc}]/u.test(text) ? null : URL.parse(text);
  if (url === null || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
    return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && url.hostname === '127.0.0.1');
}
