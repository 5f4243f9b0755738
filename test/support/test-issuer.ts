/** The local issuer of a test run, and the client that each provider of the service is there. */
export interface TestIssuer {
  readonly issuer: string;
  readonly clients: Readonly<
    Record<IssuerClientId, { readonly clientId: string; readonly clientSecret: string }>
  >;
}

/** The ids of the providers: a client's redirect URI is `https://auth.test/api/auth/oauth/<id>/callback`. */
export const issuerClientIds = ['local', 'local-post', 'second'] as const;

type IssuerClientId = (typeof issuerClientIds)[number];
