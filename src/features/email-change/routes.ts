import { defineLinkPage } from '../../http/page-route.ts';
import { defineRoute } from '../../http/route.ts';
import { LinkRequest } from '../one-time-tokens/index.ts';
import { confirmEmailChange } from './confirm-email-change.ts';
import { requestEmailChange } from './request-email-change.ts';
import { revertEmailChange } from './revert-email-change.ts';
import { ChangeEmailRequest } from './schemas.ts';

const path = '/api/auth/email/change';

const requestRoute = defineRoute(
  { method: 'POST', path, guard: 'session', limit: 'credential', body: ChangeEmailRequest },
  async (c, { deps, caller, body: { newEmail } }) => {
    await requestEmailChange(deps, caller, newEmail);
    return c.json({ success: true, message: 'Follow the link in the e-mail to the new address' }, 202);
  },
);

const confirmRoute = defineRoute(
  { method: 'POST', path: `${path}/confirm`, guard: 'anyone', limit: 'credential', body: LinkRequest },
  async (c, { deps, body: { token } }) => {
    await confirmEmailChange(deps, token);
    return c.json({ success: true, message: 'E-mail address changed' });
  },
);

const revertRoute = defineRoute(
  { method: 'POST', path: `${path}/revert`, guard: 'anyone', limit: 'credential', body: LinkRequest },
  async (c, { deps, body: { token } }) => {
    await revertEmailChange(deps, token);
    return c.json({
      success: true,
      message: 'E-mail address restored. Check your e-mail to choose a new password',
    });
  },
);

const confirmPage = defineLinkPage(
  { path: '/auth/confirm-email', name: 'confirmEmailChange', form: LinkRequest },
  async (_c, { deps, body: { token } }) => {
    await confirmEmailChange(deps, token);
    return undefined;
  },
);

const revertPage = defineLinkPage(
  { path: '/auth/revert-email', name: 'revertEmailChange', form: LinkRequest },
  async (_c, { deps, body: { token } }) => {
    await revertEmailChange(deps, token);
    return undefined;
  },
);

export const routes = [requestRoute, confirmRoute, revertRoute, ...confirmPage, ...revertPage];
