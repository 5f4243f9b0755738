/** Where the mails of a service with this `.dev.vars` go: the outbox at the address `local`, or the name of its transport. */
export function mailWay(devVars: Readonly<Record<string, string>>, local: string): string {
  const transport = devVars.MAIL_TRANSPORT?.trim() || 'log';
  return transport === 'outbox' ? `${local}/dev/outbox` : `by MAIL_TRANSPORT=${transport}`;
}
