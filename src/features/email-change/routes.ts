import { findCaller } from '../../http/guard.ts';
import { defineLinkPage } from '../../http/page-route.ts';
import { defineRoute } from '../../http/route.ts';
import { readPresentedDevice } from '../known-devices/index.ts';
import {
  correctableByPassword,
  LinkHolderForm,
  LinkHolderRequest,
  passwordField,
} from '../link-holder/index.ts';
import { LinkRequest } from '../one-time-tokens/index.ts';
import { confirmEmailChange } from './confirm/confirm-email-change.ts';
import { requestEmailChange } from './request/request-email-change.ts';
import { revertEmailChange } from './revert/revert-email-change.ts';
import { ChangeEmailRequest } from './schemas.ts';

const path = '/api/auth/email/change';

const requestRoute = defineRoute(
  {
    method: 'POST',
    path,
    guard: 'session',
    limit: 'credential',
    body: ChangeEmailRequest,
    isSensitive: true,
  },
  async (c, { deps, caller, body: { newEmail } }) => {
    await requestEmailChange(deps, caller, newEmail);
    return c.json({ success: true, message: 'Follow the link in the e-mail to the new address' }, 202);
  },
);

const confirmRoute = defineRoute(
  { method: 'POST', path: `${path}/confirm`, guard: 'anyone', limit: 'credential', body: LinkHolderRequest },
  async (c, { deps, body: { token, password }, originTrust }) => {
    const caller = await findCaller(c, deps, originTrust);
    const device = readPresentedDevice(c, deps);
    const user = await confirmEmailChange(deps, { token, password, caller, device });
    return c.json({ success: true, user });
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
  {
    path: '/auth/confirm-email',
    name: 'confirmEmailChange',
    form: LinkHolderForm,
    fields: (c, deps, { fields }, isRetry) =>
      passwordField(c, deps, { label: fields.password, hint: fields.confirmPasswordHint }, isRetry),
    isForCaller: true,
    correctable: correctableByPassword,
  },
  async (c, { deps, body: { token, password }, caller }) => {
    const device = readPresentedDevice(c, deps);
    await confirmEmailChange(deps, { token, password: password || undefined, caller, device });
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
