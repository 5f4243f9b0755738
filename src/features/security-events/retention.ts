/** How long events are kept: time enough to look into what happened to an account (PRV-01). In days. */
export const eventDays = 90;

/**
 * For how long of that the whole address is. Afterwards its network tells where it was, and no longer whose it was. The
 * browser's name stays until the event goes: by itself it names nobody, and it is how people recognise their device.
 */
export const wholeAddressDays = 30;
