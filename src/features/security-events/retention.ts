/** How long events are kept, in days: enough time to investigate what happened to an account (PRV-01). */
export const eventDays = 90;

/**
 * How long they keep the whole address, in days. Afterwards its network shows where it was, but no longer whose it
 * was. The name of the browser stays as long as the event: alone it identifies nobody, and people recognise their
 * device by it.
 */
export const wholeAddressDays = 30;
