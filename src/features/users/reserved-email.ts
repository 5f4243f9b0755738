/** The address of the demo user. */
export const demoEmail = 'demo@nexora.ai';

/**
 * Whether nobody may have this address, DEMO_MODE or not: the demo user's. Every flow that gives an account an address
 * or mails to one asks it first, so that it is never registered, linked, changed to or reset (DEM-04). A row
 * that an earlier database holds for it is not touched.
 * @param email canonical, as `emailAddress` gives it
 */
export function isReservedEmail(email: string): boolean {
  return email === demoEmail;
}
