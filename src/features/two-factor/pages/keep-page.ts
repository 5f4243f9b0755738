import { linkPage } from '../../../http/link-page.ts';
import { LinkRequest } from '../../one-time-tokens/index.ts';
import { keepTwoFactor } from '../keep/keep-two-factor.ts';

export const page = linkPage(
  { name: 'keepTwoFactor', form: LinkRequest },
  async (_c, { deps, body: { token } }) => {
    await keepTwoFactor(deps, token);
    return undefined;
  },
);
