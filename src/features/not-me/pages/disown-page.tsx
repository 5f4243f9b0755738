import type { PageModule } from '../../../http/page.ts';
import { answerView, queryParameter, type SignedInRequest, seeOther } from '../../../http/page-request.ts';
import { validate } from '../../../http/validate.ts';
import { Form } from '../../../ui/form.tsx';
import type { PageView } from '../../../ui/page-view.ts';
import { Card, LinkLine } from '../../../ui/pieces.tsx';
import { disownEvent, type FoundEvent, findEvent } from '../disown-event.ts';
import { DisownForm } from '../schemas.ts';
import { Event } from './event.tsx';
import { activityPath, disownPath } from './paths.ts';

/** Asks about an event of the activity before it signs everybody else out, and says what that does. */
export const page: PageModule<SignedInRequest> = {
  async show(request) {
    const { c, deps, caller } = request;
    const asked = DisownForm.safeParse({ eventId: queryParameter(c, 'event') });
    const found = await findEvent(deps, caller, asked.data?.eventId ?? null);
    return found === null ? seeOther(activityPath) : answerView(request, viewOf(request, found));
  },

  async receive({ deps, caller }, typed) {
    await disownEvent(deps, caller, validate(DisownForm, typed).eventId);
    return seeOther(activityPath, 'not_me');
  },
};

function viewOf(request: SignedInRequest, { event, email }: FoundEvent): PageView {
  const { title, consequences, submit, back } = request.language.security.notMe;
  const body = (
    <Card>
      <ul class="list">
        <Event request={request} event={event} />
      </ul>
      {consequences(email).map((sentence) => (
        <p>{sentence}</p>
      ))}
      <Form id="not-me" action={disownPath} hidden={{ eventId: event.id }} submit={submit} look="danger" />
      <LinkLine href={activityPath} text={back} />
    </Card>
  );
  return { title, body };
}
