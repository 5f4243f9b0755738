/** Where Cloudflare locates an address. `country` is ISO 3166-1 alpha-2, or `T1` for Tor. */
export interface Location {
  readonly city: string | null;
  readonly region: string | null;
  readonly country: string | null;
}

/** What is known about whoever sent a request. All of it is for people to read; none of it proves anything. */
export interface RequestMetadata {
  /** For the log, where it leads to all that one request did. */
  readonly requestId: string;
  /**
   * UUID, made before the first try of anything: rows carry it, so that a repeat after a lost response finds what the
   * first run did.
   */
  readonly operationId: string;
  /** Canonical, as `clientIp` returns it. */
  readonly ipAddress: string | null;
  /** As the client sent it, at most 256 UTF-16 units. */
  readonly userAgent: string | null;
  /** Null if unknown. */
  readonly location: Location | null;
  /** BCP 47 tag of the first language of Accept-Language, for a mail to somebody whose language is unknown. */
  readonly locale: string | null;
}
