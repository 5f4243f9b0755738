import * as z from 'zod/mini';
import { RequestedTransport } from '../sessions/index.ts';
import { canonicalBackupCode } from './backup-codes/backup-code.ts';

/** A code of an authenticator app: six ASCII digits, which may be in groups (OTP-10). */
export const presentedCode = z.string().check(
  z.maxLength(32, { abort: true }),
  z.overwrite((text) => text.replaceAll(' ', '')),
  z.regex(/^[0-9]{6}$/, 'Enter the six digits that the app shows.'),
);

/** A backup code: in either case, with or without hyphens and spaces. */
export const presentedBackupCode = z
  .string()
  .check(
    z.maxLength(64, { abort: true }),
    z.overwrite(canonicalBackupCode),
    z.regex(/^[A-Z2-7]{24}$/, 'Enter the whole backup code.'),
  );

/** The proof of a second factor: exactly one of the two. */
const proofMembers = { code: z.optional(presentedCode), backupCode: z.optional(presentedBackupCode) };

const oneProof = 'Send exactly one of: code, backupCode.';

function hasOneProof({ code, backupCode }: { code?: string | undefined; backupCode?: string | undefined }) {
  return (code === undefined) !== (backupCode === undefined);
}

/** The body of a request that has nothing to say. */
export const EmptyRequest = z.strictObject({});

export const EnableRequest = z.strictObject({ code: presentedCode });

export const DisableRequest = z.strictObject(proofMembers).check(z.refine(hasOneProof, oneProof));

/** The second step, as its page posts it: the challenge is in its cookie. */
export const SecondStepForm = z
  .strictObject({ ...proofMembers, trustDevice: z.optional(z.literal('true')) })
  .check(z.refine(hasOneProof, oneProof));

/** The body of the second step of a sign-in; the challenge may be in its cookie instead. */
export const SecondStepRequest = z
  .strictObject({
    challengeToken: z.optional(z.string().check(z.minLength(1), z.maxLength(256))),
    ...proofMembers,
    trustDevice: z.optional(z.boolean()),
    transport: RequestedTransport,
  })
  .check(z.refine(hasOneProof, oneProof));
