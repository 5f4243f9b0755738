import { linkPage } from '../../../http/link-page.ts';
import { LinkRequest } from '../../one-time-tokens/index.ts';
import { revertEmailChange } from '../revert-email-change.ts';

export const page = linkPage(
  { name: 'revertEmailChange', form: LinkRequest },
  async (_c, { deps, body: { token } }) => {
    await revertEmailChange(deps, token);
    return undefined;
  },
);
