import type { SignInMethod } from '../../../joints/sign-in-method.ts';
import { redirectTarget } from '../../../request/redirect-target.ts';
import { configuredProviders } from '../providers/configured-providers.ts';

/**
 * A link to each provider on the sign-in page. The visit comes back to that page, which tells what went wrong, or sees who
 * is signed in and leads on to the target; where the two together are too long for that, to the target itself.
 */
export const providerSignIn: SignInMethod = {
  links({ config }, returnTo, redirectTo) {
    const isShort = redirectTarget(config, returnTo, { isForApp: false }) !== null;
    const target = isShort ? returnTo : redirectTo;
    const query = target === undefined ? '' : `?${new URLSearchParams({ redirectTo: target })}`;
    const { usable } = configuredProviders(config);
    return usable.map(({ id, name }) => ({ href: `/api/auth/oauth/${id}${query}`, name }));
  },
};
