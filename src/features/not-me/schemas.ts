import * as z from 'zod/mini';
import { uuid } from '../../text-schemas.ts';
import { presentedToken } from '../one-time-tokens/index.ts';

/** What was not the owner: the link of a mail says it by its token, somebody in a session by an event. */
export const NotMeRequest = z
  .strictObject({ token: z.optional(presentedToken), eventId: z.optional(uuid) })
  .check(
    z.refine(
      ({ token, eventId }) => (token === undefined) !== (eventId === undefined),
      'Send exactly one of: token, eventId.',
    ),
  );

/** The form of the page that asks about an event. */
export const DisownForm = z.strictObject({ eventId: uuid });
