import { commonErrors } from '../../../errors.ts';
import type { AccountSectionModule } from '../../../http/account-section.ts';
import { leadSignedOut } from '../../../http/page-caller.ts';
import { readableTime, type SignedInRequest, seeOther } from '../../../http/page-request.ts';
import { deviceWords } from '../../../request/device.ts';
import { placeName } from '../../../request/place-name.ts';
import { Form } from '../../../ui/form.tsx';
import { Alert, Entry } from '../../../ui/pieces.tsx';
import { listSessions } from '../own-sessions/list-sessions.ts';
import { revokeSession, revokeSessions } from '../own-sessions/revoke-sessions.ts';
import type { Session } from '../session.ts';

const path = '/account/sessions';
const sectionName = 'sessions';

/** Every device that is signed in, and the ways to sign it out. */
export const section: AccountSectionModule = {
  async show(request, _holder, refused) {
    const { title, intro, others, all, manyTitle } = request.language.account.sessions;
    const sessions = await listSessions(request.deps, request.caller);
    const body = (
      <>
        {refused && <Alert text={refused.problem.sentence} />}
        <p class="muted">{intro}</p>
        <ul class="list">
          {sessions.map((session) => (
            <Device request={request} session={session} />
          ))}
        </ul>
        <h3>{manyTitle}</h3>
        <div class="buttons">
          {sessions.length > 1 && <End action="end_others" text={others} />}
          <End action="end_all" text={all} look="danger" />
        </div>
      </>
    );
    return { title, body };
  },

  async receive({ deps, caller }, { action, id = '' }) {
    switch (action) {
      case 'end':
        return (await revokeSession(deps, caller, id))
          ? leadSignedOut(deps)
          : seeOther(path, 'signed_out_device');
      case 'end_others':
        await revokeSessions(deps, caller, 'others');
        return seeOther(path, 'signed_out_others');
      case 'end_all':
        await revokeSessions(deps, caller, 'all');
        return leadSignedOut(deps);
      default:
        throw commonErrors.malformed_form();
    }
  },
};

function Device({ request, session }: { readonly request: SignedInRequest; readonly session: Session }) {
  const { language } = request;
  const text = language.account.sessions;
  const name = deviceWords(session.device) ?? text.unknownDevice;
  const place = placeName(session.location, language.tag) ?? text.unknownPlace;
  return (
    <Entry
      title={name}
      badge={session.current ? text.current : undefined}
      notes={[
        session.ipAddress === null ? place : `${place} · ${session.ipAddress}`,
        text.lastActive(readableTime(request, session.lastActiveAt)),
        text.signedIn(readableTime(request, session.createdAt)),
      ]}
    >
      <End action="end" id={session.id} text={text.signOut} label={text.signOutOf(name)} />
    </Entry>
  );
}

interface EndProps {
  readonly action: string;
  readonly id?: string;
  readonly text: string;
  readonly label?: string;
  readonly look?: 'plain' | 'danger';
}

function End({ action, id, text, label, look = 'plain' }: EndProps) {
  const hidden = { section: sectionName, action, id };
  return (
    <Form
      id={`end-${id ?? action}`}
      action={path}
      hidden={hidden}
      submit={text}
      submitLabel={label}
      look={look}
    />
  );
}
