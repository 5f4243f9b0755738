import { linkPage } from '../../../http/link-page.ts';
import { LinkRequest } from '../../one-time-tokens/index.ts';
import { reportNotMe } from '../report-not-me.ts';

export const page = linkPage({ name: 'notMe', form: LinkRequest }, async (_c, { deps, body: { token } }) => {
  await reportNotMe(deps, token);
  return undefined;
});
