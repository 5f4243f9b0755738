import type { Deps } from '../../../deps.ts';
import type { CallerIds } from '../../sessions/index.ts';
import type { PresentedProof } from '../check/proof.ts';
import { withSecondFactor } from '../check/with-second-factor.ts';
import { disableTwoFactor as disable } from './disable-two-factor.sql.ts';

/**
 * Turns two-factor off, by a code besides the recent second factor that every gate asks for (OTP-07). The owner is told by
 * mail. Round trips: 2.
 * @throws AuthError as `withSecondFactor`
 */
export async function disableTwoFactor(deps: Deps, caller: CallerIds, proof: PresentedProof): Promise<void> {
  const { db, metadata, mail } = deps;
  const rules = await deps.loadRules();
  await withSecondFactor(deps, {
    ...{ caller, proof, gateRules: rules },
    run: async (found, counter) => {
      const outcome = await disable(db, { caller, proof: found, counter }, rules, metadata);
      return outcome === 'done' ? {} : outcome;
    },
  });
  mail.sendSoon();
}
