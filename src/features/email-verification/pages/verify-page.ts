import { linkPage } from '../../../http/link-page.ts';
import { pageTarget, rememberedTarget } from '../../../http/page-target.ts';
import { readPresentedDevice } from '../../known-devices/index.ts';
import { correctableByPassword, LinkHolderRequest, passwordField } from '../../link-holder/index.ts';
import { answerPageSignIn, setSignInCookies } from '../../sign-in/index.ts';
import { readTrustedDevice } from '../../trusted-devices/index.ts';
import { verifyEmail } from '../verify/verify-email.ts';

export const page = linkPage(
  {
    name: 'verifyEmail',
    form: LinkHolderRequest,
    fields: (c, deps, { fields }, isRetry) =>
      passwordField(c, deps, { label: fields.password, hint: fields.verifyPasswordHint }, isRetry),
    isForCaller: true,
    correctable: correctableByPassword,
  },
  async (c, { deps, body: { token, password }, caller }) => {
    const device = readPresentedDevice(c, deps);
    const trusted = readTrustedDevice(c, deps);
    const input = { token, password, transport: 'cookie', caller, device, trusted } as const;
    const verified = await verifyEmail(deps, input);
    const target = rememberedTarget(c.req.raw.headers, deps.config) ?? pageTarget(deps.config, undefined);
    if (verified.outcome === 'session') return (response) => setSignInCookies(response, verified);
    // Without pages for the second step the address is verified, and nobody is signed in.
    if (verified.outcome === 'verified' || !deps.config.pages.areHosted) return undefined;
    return answerPageSignIn(verified, target);
  },
);
