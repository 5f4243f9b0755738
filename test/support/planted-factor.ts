import { type Fragment, sql } from '../../src/db/sql.ts';
import type { Deps } from '../../src/deps.ts';
import type { SecondFactor } from '../../src/joints/second-factor.ts';

/** A second factor that every account of this name asks for, without one that could ever be passed. */
export function plantedFactor(name: string, methods: readonly string[]): SecondFactor<Deps> {
  return {
    isAskedFor: (u: Fragment) => sql`(${u}.name = ${name}) /* planted */`,
    since: (u: Fragment) => sql`${u}.created_at`,
    methods: () => sql`${methods}::text[]`,
    hasLapsed: () => sql`false`,
    endLapsed: async () => undefined,
  };
}
