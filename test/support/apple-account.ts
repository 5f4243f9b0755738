/** What a developer gets from Apple: the key is downloaded once and then known to nobody else. */
export interface AppleAccount {
  readonly teamId: string;
  readonly keyId: string;
  /** PKCS #8 in PEM, as in the `.p8` file. */
  readonly privateKey: string;
}
