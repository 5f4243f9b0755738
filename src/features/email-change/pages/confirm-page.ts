import { linkPage } from '../../../http/link-page.ts';
import { readPresentedDevice } from '../../known-devices/index.ts';
import { correctableByPassword, LinkHolderRequest, passwordField } from '../../link-holder/index.ts';
import { confirmEmailChange } from '../confirm/confirm-email-change.ts';

export const page = linkPage(
  {
    name: 'confirmEmailChange',
    form: LinkHolderRequest,
    fields: (c, deps, { fields }, isRetry) =>
      passwordField(c, deps, { label: fields.password, hint: fields.confirmPasswordHint }, isRetry),
    isForCaller: true,
    correctable: correctableByPassword,
  },
  async (c, { deps, body: { token, password }, caller }) => {
    const device = readPresentedDevice(c, deps);
    await confirmEmailChange(deps, { token, password, caller, device });
    return undefined;
  },
);
