/**
 * How many mails there may be (EML-10, EML-13 to 15). `hour` and `day` are the last 3,600 and 86,400 seconds; the outbox
 * keeps its rows for a day, so that they are their own count.
 */
export const mailLimits = {
  /** To one recipient, of one kind, in an hour. */
  perKind: 5,
  /** The same for a client whose network has caused no mail to the recipient for a day: strangers cannot use it up. */
  perKindForNewClient: 20,
  /**
   * To an address that was never verified, of all kinds, in a day; of these what requests of strangers cause, but for the
   * mail about a lock; and those without a link, of one kind.
   */
  unverified: { perDay: 20, requestedPerDay: 15, noticesPerDay: 2 },
  /** About a lock, to one account in a day. */
  locksPerDay: 4,
  /** With a link, caused by one client in an hour, and by one /48 network of IPv6. */
  perClient: 30,
  perNetwork: 300,
  hourSeconds: 3600,
  daySeconds: 86_400,
} as const;
