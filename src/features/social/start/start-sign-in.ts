import type { Deps } from '../../../deps.ts';
import type { Provider } from '../providers/provider.ts';
import type { BegunVisit } from '../transaction/begin-transaction.ts';
import { beginTransaction } from '../transaction/begin-transaction.ts';
import type { Transaction } from '../transaction/transaction.ts';

/** A sign-in that is to begin. */
export interface StartInput {
  readonly provider: Provider;
  /** Checked. */
  readonly redirectTo: string;
  readonly codeChallenge: string | undefined;
  readonly loginHint: string | undefined;
  readonly devices: Transaction['devices'];
}

/**
 * Begins a sign-in at a provider. It writes no row, whoever asks: what a stranger can begin costs nothing. Round trips: 0.
 * @throws AuthError provider_error
 */
export function startSignIn(
  deps: Deps,
  { provider, redirectTo, codeChallenge, loginHint, devices }: StartInput,
): Promise<BegunVisit> {
  const purpose =
    codeChallenge === undefined
      ? ({ kind: 'sign_in' } as const)
      : ({ kind: 'sign_in_app', codeChallenge } as const);
  return beginTransaction(deps, { provider, purpose, redirectTo, loginHint, devices });
}
