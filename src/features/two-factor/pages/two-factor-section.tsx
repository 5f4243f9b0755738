import { commonErrors } from '../../../errors.ts';
import { type AccountSectionModule, problemOfForm, type RefusedForm } from '../../../http/account-section.ts';
import { orShowAgain } from '../../../http/form-problem.ts';
import { setTokenCookies } from '../../../http/page-caller.ts';
import {
  answerView,
  type Fields,
  readableDay,
  type SignedInRequest,
  seeOther,
} from '../../../http/page-request.ts';
import { validate } from '../../../http/validate.ts';
import { Form } from '../../../ui/form.tsx';
import { Alert } from '../../../ui/pieces.tsx';
import { renewBackupCodes } from '../backup-codes/renew-backup-codes.ts';
import { proofOf } from '../check/proof.ts';
import { disableTwoFactor } from '../disabling/disable-two-factor.ts';
import { type ListedFactor, listFactors } from '../list/list-factors.ts';
import { DisableRequest, EnableRequest } from '../schemas.ts';
import { enableTwoFactor } from '../setup/enable-two-factor.ts';
import { startSetup } from '../setup/start-setup.ts';
import { codesView, setupView } from './setup-view.tsx';

const path = '/account/security';
const sectionName = 'two-factor';

/** Two-factor: turned on with an app and backup codes, changed, and turned off. */
export const section: AccountSectionModule = {
  async show(request, { emailVerified }, refused) {
    const { deps, caller, language } = request;
    const { title, on, off } = language.security.twoFactor;
    const { factors, backupCodesLeft } = await listFactors(deps, caller);
    const [factor] = factors;
    const isToldBelow = factor !== undefined && refused?.fields.action === 'disable';
    const body = (
      <>
        {refused && !isToldBelow && <Alert text={refused.problem.sentence} />}
        <p>
          <span class={factor === undefined ? 'badge warn' : 'badge'}>{factor === undefined ? off : on}</span>
        </p>
        {factor === undefined ? (
          <Off request={request} isVerified={emailVerified} />
        ) : (
          <On request={request} factor={factor} codesLeft={backupCodesLeft} refused={refused} />
        )}
      </>
    );
    return { title, body };
  },

  async receive(request, { action, uri, ...typed }) {
    const { deps, caller } = request;
    switch (action) {
      case 'setup': {
        const { otpauthUri } = await startSetup(deps, caller);
        return answerView(request, await setupView(request, otpauthUri, null));
      }
      case 'enable':
        return enable(request, uri ?? '', typed);
      case 'new_codes':
        return answerView(request, codesView(request, await renewBackupCodes(deps, caller)));
      case 'disable':
        await disableTwoFactor(deps, caller, proofOf(validate(DisableRequest, typed)));
        return seeOther(`${path}#${sectionName}`, 'two_factor_off');
      default:
        throw commonErrors.malformed_form();
    }
  },

  toldAt: { invalid_code: { field: 'code' } },
};

/** A wrong code shows the setup again, as it was: the secret is stored sealed, and shown from what the page knows. */
function enable(request: SignedInRequest, uri: string, typed: Fields): Promise<Response> {
  const { deps, caller } = request;
  const isShown = /^otpauth:\/\/totp\/[\x21-\x7e]{1,600}$/.test(uri);
  const run = async () => {
    const { code } = validate(EnableRequest, typed);
    const { backupCodes, tokens } = await enableTwoFactor(deps, caller, code);
    const response = await answerView(request, codesView(request, backupCodes, { isNew: true }));
    setTokenCookies(response, tokens);
    return response;
  };
  if (!isShown) return run();
  return orShowAgain(
    request,
    run,
    async (problem) => answerView(request, await setupView(request, uri, problem), problem.status),
    { invalid_code: { field: 'code' } },
  );
}

interface OffProps {
  readonly request: SignedInRequest;
  readonly isVerified: boolean;
}

function Off({ request: { deps, language }, isVerified }: OffProps) {
  const { offIntro, start, unverified } = language.security.twoFactor;
  const isWaiting = !isVerified && deps.config.emailVerification !== 'off';
  return (
    <>
      <p class="muted">{offIntro}</p>
      {isWaiting ? (
        <p>{unverified}</p>
      ) : (
        <Form id="setup" action={path} hidden={{ section: sectionName, action: 'setup' }} submit={start} />
      )}
    </>
  );
}

interface OnProps {
  readonly request: SignedInRequest;
  readonly factor: ListedFactor;
  readonly codesLeft: number;
  readonly refused: RefusedForm | null;
}

function On({ request, factor, codesLeft, refused }: OnProps) {
  const { twoFactor: text } = request.language.security;
  return (
    <>
      <p>{text.since(readableDay(request, factor.addedAt))}</p>
      <p>{text.backupCodesLeft(codesLeft)}</p>
      <div class="buttons">
        <Form
          id="new-codes"
          action={path}
          hidden={{ section: sectionName, action: 'new_codes' }}
          submit={text.newCodes}
          look="plain"
        />
        <Form
          id="replace"
          action={path}
          hidden={{ section: sectionName, action: 'setup' }}
          submit={text.replace}
          look="plain"
        />
      </div>
      <p>
        <small>{text.newCodesNote}</small>
      </p>
      <h3>{text.turnOffTitle}</h3>
      <Form
        id="disable"
        action={path}
        hidden={{ section: sectionName, action: 'disable' }}
        fields={[
          {
            ...{ name: 'code', label: text.turnOffCode, type: 'code', autocomplete: 'one-time-code' },
            isOptional: true,
          },
          {
            ...{ name: 'backupCode', label: text.turnOffBackupCode, type: 'text', autocomplete: 'off' },
            isOptional: true,
          },
        ]}
        submit={text.turnOff}
        look="danger"
        refusal={problemOfForm(refused, 'disable')}
      />
    </>
  );
}
