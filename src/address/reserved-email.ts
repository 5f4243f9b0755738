/** The address of the demo user. */
export const demoEmail = 'demo@nexora.ai';

/**
 * Whether the address is the demo user's, which nobody may have, whatever DEMO_MODE is. Every flow that gives an
 * account an address or mails one checks this first, so that it is never registered, linked, changed to or reset
 * (DEM-04). An existing row with it in a migrated database is not changed.
 * @param email canonical, as `emailAddress` returns it
 */
export function isReservedEmail(email: string): boolean {
  return email === demoEmail;
}
