import { type AccountSectionModule, fieldsOfForm } from '../../../http/account-section.ts';
import { queryParameter, readableTime, type SignedInRequest, seeOther } from '../../../http/page-request.ts';
import { deviceWords } from '../../../request/device.ts';
import { placeName } from '../../../request/place-name.ts';
import { Form } from '../../../ui/form.tsx';
import { Alert, Entry } from '../../../ui/pieces.tsx';
import { listSecurityEvents, type SecurityEvent } from '../../security-events/index.ts';
import { liveCaller, revokeSessions } from '../../sessions/index.ts';

/** What happened to the account lately, in plain words, and what to do about what somebody else did. */
export const section: AccountSectionModule = {
  async show(request, _holder, refused) {
    const { deps, caller, language, c } = request;
    const text = language.security.activity;
    const cursor = queryParameter(c, 'cursor');
    const { events, nextCursor } = await listSecurityEvents(deps, liveCaller(caller), cursor);
    const body = (
      <>
        {refused && <Alert text={refused.problem.sentence} />}
        {events.length === 0 && <p>{text.none}</p>}
        <ul class="list">
          {events.map((event) => (
            <Event request={request} event={event} />
          ))}
        </ul>
        <p class="row">
          {cursor !== undefined && <a href="/account/security#activity">{text.newest}</a>}
          {nextCursor !== null && (
            <a href={`/account/security?${new URLSearchParams({ cursor: nextCursor })}#activity`}>
              {text.older}
            </a>
          )}
        </p>
        <h3>{text.notMeTitle}</h3>
        <p class="muted">{text.notMeIntro}</p>
        <Form
          id="not-me"
          action="/account/security"
          hidden={{ section: 'activity', action: 'not_me' }}
          submit={text.notMe}
          look="danger"
        />
      </>
    );
    return { title: text.title, body };
  },

  async receive({ deps, caller }, fields) {
    fieldsOfForm(fields, 'not_me');
    await revokeSessions(deps, caller, 'others');
    return seeOther('/account#password', 'not_me');
  },
};

function Event({ request, event }: { readonly request: SignedInRequest; readonly event: SecurityEvent }) {
  const { security, tag } = request.language;
  const { type, reason, at, location, ipAddress, device, outcome } = event;
  // An event may be of another version, which runs until a deployment is through.
  const words: Readonly<Record<string, string>> = security.events;
  const title = words[`${type}:${reason}`] ?? words[type] ?? security.events.otherwise;
  const where = [placeName(location, tag), ipAddress, deviceWords(device)].filter((part) => part !== null);
  return (
    <Entry
      title={title}
      badge={outcome === 'failure' ? security.activity.failed : undefined}
      isWarning={outcome === 'failure'}
      notes={[readableTime(request, at), where.join(' · ') || null]}
    />
  );
}
