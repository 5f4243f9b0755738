import { decodeJwt } from 'jose';
import { sql } from '../../src/db/sql.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { query } from '../support/database.ts';
import { providerVariables, standInProvider } from '../support/social.ts';
import { insertAccount } from './insert-account.ts';
import type { SocialAccount } from './social-account.ts';

const serving = (openId: readonly object[] = []) => new TestClient(providerVariables(openId));
const account = async () => (await insertAccount(serving())).social;
const post = async (path: string, { accessToken: bearer }: SocialAccount) =>
  serving().post(`/api/auth/oauth/${path}`, undefined, { bearer });
const unlink = async (provider: string, { accessToken: bearer }: SocialAccount) =>
  serving().call('DELETE', `/api/auth/identities/${provider}`, { bearer });

/** Signs in by the ID token of an account, whose address somebody has. */
async function signInAt(columns: { isBanned: boolean }): Promise<Answer> {
  const { idToken, nonce } = await account();
  const { email } = decodeJwt(idToken);
  await query(sql`
    INSERT INTO users (email, name, is_verification_exempt, banned_at)
    VALUES (${email}, 'Somebody', true, CASE WHEN ${columns.isBanned}::boolean THEN now() END)`);
  return serving().post('/api/auth/oauth/google/id-token', { idToken, nonce });
}

/** A way to each code of social sign-in that is answered as a problem document. */
export const socialOccurrences: Readonly<
  Record<string, readonly [status: number, answer: () => Promise<Answer>]>
> = {
  code_invalid: [
    400,
    () => serving().post('/api/auth/oauth/token', { code: 'nxo_forged', codeVerifier: 'v'.repeat(43) }),
  ],
  id_token_invalid: [
    401,
    () => serving().post('/api/auth/oauth/google/id-token', { idToken: 'a.b.c', nonce: 'n'.repeat(43) }),
  ],
  access_denied: [403, () => signInAt({ isBanned: true })],
  identity_not_found: [404, async () => unlink('github', await account())],
  account_exists: [409, () => signInAt({ isBanned: false })],
  identity_already_linked: [409, async () => post('google/link', await account())],
  last_sign_in_method: [
    409,
    async () => {
      const social = await account();
      await query(sql`UPDATE users SET password_hash = NULL WHERE id = ${social.userId}::uuid`);
      await unlink('google', social);
      return unlink('microsoft', social);
    },
  ],
  provider_cannot_reauthenticate: [409, async () => post('github/reauthenticate', await account())],
  session_not_by_cookie: [
    409,
    async () => {
      const social = await account();
      await query(sql`UPDATE sessions SET cookie_counter = NULL WHERE user_id = ${social.userId}::uuid`);
      return post('microsoft/reauthenticate', social);
    },
  ],
  provider_error: [
    502,
    async () => {
      const { accessToken: bearer } = await account();
      const broken = serving([standInProvider('html')]);
      return broken.post('/api/auth/oauth/acme/link', undefined, { bearer });
    },
  ],
};
