import * as z from 'zod/mini';
import { localeTag, personName, presentedPassword } from '../../text-schemas.ts';

export const UpdateMeRequest = z
  .strictObject({ name: z.optional(personName), locale: z.optional(localeTag) })
  .check(
    z.refine(
      (body) => body.name !== undefined || body.locale !== undefined,
      'Send at least one of: name, locale.',
    ),
  );

/** The profile, as its page posts it. */
export const ProfileForm = z.strictObject({ name: personName });

/** Without `password` for an account that has none. */
export const DeleteAccountRequest = z.strictObject({ password: z.optional(presentedPassword) });
