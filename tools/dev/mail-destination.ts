/**
 * Returns where a service with this `.dev.vars` sends its mails: the outbox at the URL `local`, or the name of its
 * transport.
 */
export function mailDestination(devVars: Readonly<Record<string, string>>, local: string): string {
  const transport = devVars.MAIL_TRANSPORT?.trim() || 'log';
  return transport === 'outbox' ? `${local}/dev/outbox` : `by MAIL_TRANSPORT=${transport}`;
}
