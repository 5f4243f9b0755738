import { describe, expect, test } from 'vitest';
import { freshEmail } from '../../support/accounts.ts';
import { authCookies, TestClient } from '../../support/client.ts';
import { landing, providerVariables, signInAtLocalIssuer } from '../../support/social.ts';

const client = new TestClient({ EMAIL_VERIFICATION: 'off', ...providerVariables() });

describe('a sign-in at an issuer of OpenID Connect', () => {
  test.each(['local', 'local-post'])(
    'by its log-in page makes an account and signs in: %s',
    async (provider) => {
      const email = freshEmail();
      const answer = await signInAtLocalIssuer(
        client,
        provider,
        { email, name: 'Ada' },
        { query: { redirectTo: '/home' } },
      );
      expect(landing(answer)).toStrictEqual({
        status: 303,
        url: 'https://auth.test/home',
        error: null,
        code: null,
      });
      expect(answer.roundTrips).toBe(2);
      const me = await client.get('/api/auth/me', { cookies: authCookies(answer) });
      expect(me.json.user).toMatchObject({ email, name: 'Ada', emailVerified: true, hasPassword: false });
      expect(me.json.session).toMatchObject({ method: provider });
      const again = await signInAtLocalIssuer(client, provider, { email });
      expect(landing(again)).toMatchObject({ url: 'https://auth.test/account', error: null });
      const same = await client.get('/api/auth/me', { cookies: authCookies(again) });
      expect(same.json.user.id).toBe(me.json.user.id);
    },
  );
});
