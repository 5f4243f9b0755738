import { beforeEach, expect, test } from 'vitest';
import { recordLog } from '../../contract/recorded-log.ts';
import { freshDatabase } from '../../support/database.ts';
import { begin, codeFor, comeBackAsAsked, landing, standInProvider } from '../../support/social.ts';
import { tokenRequestsWith } from '../../support/stand-ins.ts';
import { dumpRows } from '../two-factor/calls.ts';
import { clientWith, freshSubject } from './expectations.ts';
import { nativeIdToken } from './native-id-token.ts';

// Each refusal is logged; test/features/social/log.test.ts reads what.
beforeEach(() => void recordLog());

const issuers = [standInProvider('good-stored'), standInProvider('userinfo-stored', { id: 'userinfo' })];

test('no table holds a token of a provider, a code, a state, a nonce or a verifier in clear after a full run (OAU-16)', async () => {
  const database = await freshDatabase();
  const client = clientWith(issuers, { DATABASE_URL: database.url });
  const seen = new Map<string, string>();
  const subjects: string[] = [];
  for (const provider of ['acme', 'google', 'github', 'apple', 'userinfo', 'microsoft'])
    for (const isForApp of [false, true]) {
      const app = { transport: 'body', codeChallenge: 'c'.repeat(43), redirectTo: '/in' };
      const visit = await begin(client, provider, isForApp ? app : {});
      const [sub, refresh] = [freshSubject(), `refresh-${crypto.randomUUID()}`];
      const access_token = ['github', 'userinfo'].includes(provider)
        ? {}
        : { access_token: crypto.randomUUID() };
      const tokenResponse = { ...access_token, refresh_token: refresh };
      const code = codeFor(visit, { sub, tokenResponse });
      const answer = await comeBackAsAsked(client, visit, { code });
      const { error, code: ownCode } = landing(answer);
      expect(error).toBe(provider === 'microsoft' ? 'email_not_verified' : null);
      const [request] = await tokenRequestsWith(code);
      const secrets = {
        ...{
          code,
          refresh,
          state: visit.state,
          nonce: visit.nonce,
          verifier: request!.parameters.code_verifier!,
        },
        ...{ secret: request!.parameters.client_secret ?? 'acme-secret', challenge: visit.codeChallenge },
        ...{ access: access_token.access_token, sealed: Object.values(visit.cookies)[0]!, ownCode },
      };
      for (const [name, text] of Object.entries(secrets)) if (text) seen.set(text, `${name} of ${provider}`);
      if (provider !== 'github' && provider !== 'microsoft') subjects.push(sub);
    }
  const nonce = `nonce-${crypto.randomUUID()}`;
  const idToken = await nativeIdToken('google', { sub: freshSubject(), nonce });
  const answer = await client.post('/api/auth/oauth/google/id-token', { idToken, nonce });
  expect(answer.status, answer.text).toBe(200);
  seen.set(nonce, 'nonce of an app').set(idToken, 'ID token').set(idToken.split('.')[2]!, 'its signature');

  const rows = (await dumpRows(client)).toLowerCase();
  for (const sub of subjects) expect(rows).toContain(sub);
  expect(rows).toContain('"sealed"');
  for (const [text, name] of seen) {
    // What proves it without its prefix, and what a bytea would show of it.
    const bare = text.replace(/^nx._/, '');
    const hex = [...new TextEncoder().encode(bare)]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('');
    for (const spelling of [text, bare, hex]) expect(rows, name).not.toContain(spelling.toLowerCase());
  }
  await database.drop();
});
