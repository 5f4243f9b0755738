import * as z from 'zod/mini';
import { personName } from '../../text-schemas.ts';
import { RequestedTransport } from '../sessions/index.ts';
import { presentedTrustedDevice } from '../trusted-devices/index.ts';

const target = z.string().check(z.minLength(1), z.maxLength(1024));
/** SHA-256 in base64url (RFC 7636 section 4.2). */
const codeChallenge = z.string().check(z.regex(/^[\w-]{43}$/));
/** RFC 7636 section 4.1. */
const codeVerifier = z.string().check(z.regex(/^[\w.~-]{43,128}$/));

/** The query of a start. A parameter of the protocol in it is refused like any other that is not here (OAU-12). */
export const StartQuery = z
  .strictObject({
    redirectTo: z.optional(target),
    transport: z.optional(z.enum(['cookie', 'body'])),
    codeChallenge: z.optional(codeChallenge),
    loginHint: z.optional(z.string().check(z.maxLength(254), z.regex(/^[^\p{Cc}]*$/u))),
  })
  .check(
    z.refine(
      (query) => (query.transport === 'body') === (query.codeChallenge !== undefined),
      'transport=body and codeChallenge go together.',
    ),
  );

/** The body of a link, and of a re-authentication at a provider. */
export const VisitRequest = z.strictObject({ redirectTo: z.optional(target) });

export const TokenExchangeRequest = z.strictObject({
  code: z.string().check(z.minLength(1), z.maxLength(256)),
  codeVerifier,
  trustedDeviceToken: z.optional(presentedTrustedDevice),
});

export const IdTokenRequest = z.strictObject({
  idToken: z.string().check(z.minLength(1), z.maxLength(12_288)),
  nonce: z.string().check(z.minLength(8), z.maxLength(255)),
  name: z.optional(personName),
  // RFC 6749, appendix A.11.
  authorizationCode: z.optional(z.string().check(z.regex(/^[\x20-\x7e]{1,2048}$/))),
  transport: RequestedTransport,
  trustedDeviceToken: z.optional(presentedTrustedDevice),
});
