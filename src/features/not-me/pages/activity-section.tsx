import { commonErrors } from '../../../errors.ts';
import type { AccountSectionModule } from '../../../http/account-section.ts';
import { queryParameter, readableTime } from '../../../http/page-request.ts';
import { listSecurityEvents, type SecurityEvent } from '../../security-events/index.ts';
import { liveCaller } from '../../sessions/index.ts';
import { disownedDays } from '../disowned-days.ts';
import { Event, eventTitle } from './event.tsx';
import { activityPath, disownPath } from './paths.ts';

/** What happened to the account lately, in plain words, and what to do about what somebody else did. */
export const section: AccountSectionModule = {
  async show(request) {
    const { deps, caller, language, c } = request;
    const text = language.security.activity;
    const cursor = queryParameter(c, 'cursor');
    const { events, nextCursor } = await listSecurityEvents(deps, liveCaller(caller), cursor);
    const oldest = deps.now() - disownedDays * 86_400_000;
    // What failed has let nobody in.
    const canBeDisowned = ({ outcome, at }: SecurityEvent) =>
      outcome === 'success' && Date.parse(at) > oldest;
    const body = (
      <>
        <p class="muted">{events.length === 0 ? text.none : text.notMeIntro}</p>
        <ul class="list">
          {events.map((event) => (
            <Event request={request} event={event}>
              {canBeDisowned(event) && (
                <a
                  href={`${disownPath}?event=${event.id}`}
                  aria-label={`${text.notMe}: ${eventTitle(request, event)}, ${readableTime(request, event.at)}`}
                >
                  {text.notMe}
                </a>
              )}
            </Event>
          ))}
        </ul>
        <p class="row">
          {cursor !== undefined && <a href={activityPath}>{text.newest}</a>}
          {nextCursor !== null && (
            <a href={`/account/security?${new URLSearchParams({ cursor: nextCursor })}#activity`}>
              {text.older}
            </a>
          )}
        </p>
      </>
    );
    return { title: text.title, body };
  },

  async receive() {
    throw commonErrors.malformed_form();
  },
};
