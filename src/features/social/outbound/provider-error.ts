/** A provider did not answer, or not as it should. Its message is for the log, and holds nothing that was received. */
export class ProviderError extends Error {
  override readonly name: string = 'ProviderError';
}

/** An ID token is not what it must be: the fault of whoever sent it. */
export class IdTokenRefused extends ProviderError {
  override readonly name = 'IdTokenRefused';
}
