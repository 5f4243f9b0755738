import * as z from 'zod/mini';

/** The body of a request that has nothing to say. */
export const EmptyRequest = z.strictObject({});

/** A code of a mail: eight ASCII digits, which may be in groups. */
export const presentedEmailCode = z.string().check(
  z.maxLength(32, { abort: true }),
  z.overwrite((text) => text.replaceAll(' ', '')),
  z.regex(/^[0-9]{8}$/, 'Enter the eight digits of the e-mail.'),
);
