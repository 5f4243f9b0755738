import { control } from './control.ts';
import type { BreachPlan, SeenLookup } from './node/breach-plan.ts';

/** A stand-in for the breach service. */
export interface BreachService {
  /** For HIBP_URL. */
  readonly url: string;
  seen(): Promise<readonly SeenLookup[]>;
}

export async function breachService(plan: BreachPlan): Promise<BreachService> {
  const { id, url } = await control<{ id: string; url: string }>('POST', '/breaches', { plan });
  return { url, seen: async () => (await control<{ seen: SeenLookup[] }>('GET', `/breaches/${id}`)).seen };
}

/** What a range says of a password: its SHA-1 in upper case, without the first 5 digits. */
export async function restOfSha1(password: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(password));
  const digits = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return digits.slice(5).toUpperCase();
}

export type { BreachPlan };
