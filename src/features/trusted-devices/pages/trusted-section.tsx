import { type AccountSectionModule, fieldsOfForm, problemOfForm } from '../../../http/account-section.ts';
import { readableDay, readableTime, type SignedInRequest, seeOther } from '../../../http/page-request.ts';
import { deviceWords } from '../../../request/device.ts';
import { placeName } from '../../../request/place-name.ts';
import { uuid } from '../../../text-schemas.ts';
import { Form } from '../../../ui/form.tsx';
import { Alert, Entry } from '../../../ui/pieces.tsx';
import { readTrustedDevice } from '../answer-trusted-device.ts';
import { forgetDevice } from '../forget-device.ts';
import { listTrustedDevices, type TrustedDevice } from '../list-trusted-devices.ts';

const path = '/account/security';

/** The devices that are not asked for the second step. */
export const section: AccountSectionModule = {
  async show(request, _holder, refused) {
    const { c, deps, caller, language } = request;
    const { title, intro, none } = language.security.trusted;
    const devices = await listTrustedDevices(deps, caller, readTrustedDevice(c, deps));
    const problem = problemOfForm(refused, 'forget');
    const body = (
      <>
        {problem && <Alert text={problem.sentence} />}
        <p class="muted">{devices.length === 0 ? none : intro}</p>
        {devices.length > 0 && (
          <ul class="list">
            {devices.map((device) => (
              <Trusted request={request} trusted={device} />
            ))}
          </ul>
        )}
      </>
    );
    return { title, body };
  },

  async receive({ deps, caller }, fields) {
    const { id } = fieldsOfForm(fields, 'forget');
    await forgetDevice(deps, caller, uuid.safeParse(id).data ?? null);
    return seeOther(`${path}#trusted-devices`, 'device_forgotten');
  },
};

function Trusted({
  request,
  trusted,
}: {
  readonly request: SignedInRequest;
  readonly trusted: TrustedDevice;
}) {
  const { language } = request;
  const { trusted: text } = language.security;
  const { current, unknownDevice, unknownPlace } = language.account.sessions;
  const name = deviceWords(trusted.device) ?? unknownDevice;
  const times = [
    text.lastUsed(readableTime(request, trusted.lastUsedAt)),
    text.until(readableDay(request, trusted.expiresAt)),
  ];
  return (
    <Entry
      title={name}
      badge={trusted.current ? current : undefined}
      notes={[placeName(trusted.location, language.tag) ?? unknownPlace, times.join(', ')]}
    >
      <Form
        id={`forget-${trusted.id}`}
        action={path}
        hidden={{ section: 'trusted-devices', action: 'forget', id: trusted.id }}
        submit={text.forget}
        submitLabel={text.forgetOne(name)}
        look="plain"
      />
    </Entry>
  );
}
