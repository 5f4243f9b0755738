import type { Child } from 'hono/jsx';
import { readableTime, type SignedInRequest } from '../../../http/page-request.ts';
import { deviceWords } from '../../../request/device.ts';
import { placeName } from '../../../request/place-name.ts';
import { Entry } from '../../../ui/pieces.tsx';
import type { SecurityEvent } from '../../security-events/index.ts';

interface EventProps {
  readonly request: SignedInRequest;
  readonly event: SecurityEvent;
  readonly children?: Child;
}

/** An event in plain words, with time, place and device. */
export function Event({ request, event, children }: EventProps) {
  const { security, tag } = request.language;
  const { at, location, ipAddress, device, outcome } = event;
  const where = [placeName(location, tag), ipAddress, deviceWords(device)].filter((part) => part !== null);
  return (
    <Entry
      title={eventTitle(request, event)}
      badge={outcome === 'failure' ? security.activity.failed : undefined}
      isWarning={outcome === 'failure'}
      notes={[readableTime(request, at), where.join(' · ') || null]}
    >
      {children}
    </Entry>
  );
}

/** What happened, in the reader's language. */
export function eventTitle({ language }: SignedInRequest, { type, reason }: SecurityEvent): string {
  const { events } = language.security;
  // An event may be of another version, which runs until a deployment is through.
  const words: Readonly<Record<string, string>> = events;
  return words[`${type}:${reason}`] ?? words[type] ?? events.otherwise;
}
