import { AuthError } from '../../errors.ts';
import { log } from '../../log.ts';
import { socialErrors } from './errors.ts';
import { ProviderError } from './outbound/provider-error.ts';
import type { Provider } from './providers/provider.ts';

/**
 * What is thrown where a provider could not be used: why, for the log alone; anything else that was thrown is a bug, and
 * stays what it is.
 */
export function providerFailure({ id }: Provider, error: unknown): unknown {
  if (!(error instanceof ProviderError)) return error;
  return socialErrors.provider_error({ internal: { provider: id, reason: error.message } });
}

/** Tells the log of a provider that could not be used, where a page tells the person; a problem document logs by itself. */
export function logProviderFailure(failure: unknown, requestId: string): void {
  if (!(failure instanceof AuthError) || failure.code !== 'provider_error') return;
  log('warn', 'identity_provider_failed', { requestId, cause: failure.options.internal });
}
