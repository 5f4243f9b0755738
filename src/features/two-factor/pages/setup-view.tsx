import type { FormProblem } from '../../../http/form-problem.ts';
import type { SignedInRequest } from '../../../http/page-request.ts';
import { Form } from '../../../ui/form.tsx';
import type { PageView } from '../../../ui/page-view.ts';
import { ButtonLink, Card, CopyButton, LinkLine, PrintButton } from '../../../ui/pieces.tsx';
import { qrCodeUri } from '../qr-code.ts';

const path = '/account/security';

/** Shows the secret to an authenticator app, and asks for its first code. @param uri of the scheme `otpauth:` */
export async function setupView(
  { language }: SignedInRequest,
  uri: string,
  problem: FormProblem | null,
): Promise<PageView> {
  const { twoFactor: text } = language.security;
  const secret = new URL(uri).searchParams.get('secret') ?? '';
  const body = (
    <Card>
      <p>{text.setupScan}</p>
      <img class="qr" src={await qrCodeUri(uri)} alt={text.qrText} width="208" height="208" />
      <p>{text.setupType}</p>
      <p class="secret">{secret.replace(/(.{4})(?=.)/g, '$1 ')}</p>
      <p class="buttons">
        <CopyButton text={secret} label={text.copyKey} done={text.copied} />
        <a href={uri}>{text.setupOpen}</a>
      </p>
      <p>{text.setupEnter}</p>
      <Form
        id="enable"
        action={path}
        hidden={{ section: 'two-factor', action: 'enable', uri }}
        fields={[{ name: 'code', label: text.code, type: 'code', autocomplete: 'one-time-code' }]}
        submit={text.enable}
        refusal={problem}
        isFocused
      />
      <LinkLine href={path} text={text.cancel} />
    </Card>
  );
  return { title: text.setupTitle, body };
}

/** Shows backup codes, once. @param options.isNew whether two-factor was turned on just now */
export function codesView(
  { language }: SignedInRequest,
  codes: readonly string[],
  { isNew = false } = {},
): PageView {
  const { twoFactor: text } = language.security;
  const body = (
    <Card>
      {isNew && (
        <p class="notice" role="status">
          {text.codesOn}
        </p>
      )}
      <p>{text.codesIntro}</p>
      <ol class="codes">
        {codes.map((code) => (
          <li>{code}</li>
        ))}
      </ol>
      <p class="buttons no-print">
        <CopyButton text={codes.join('\n')} label={text.copyCodes} done={text.copied} />
        <PrintButton label={text.print} />
      </p>
      <p class="no-print">
        <ButtonLink href={path} text={text.codesKept} />
      </p>
    </Card>
  );
  return { title: text.codesTitle, body };
}
