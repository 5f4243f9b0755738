import { beforeEach, describe, expect, test } from 'vitest';
import { recordLog } from '../../contract/recorded-log.ts';
import { authCookies, TestClient } from '../../support/client.ts';
import {
  begin,
  codeFor,
  comeBackByForm,
  landing,
  providerVariables,
  standInProvider,
} from '../../support/social.ts';
import { countOf, expectSentBack, freshSubject, signedInUser } from './expectations.ts';

// Each refusal is logged; test/features/social/log.test.ts reads what.
beforeEach(() => void recordLog());

const issuers = [standInProvider('good-cross-site', { responseMode: 'form_post' })];
const client = new TestClient({ EMAIL_VERIFICATION: 'off', ...providerVariables(issuers) });

// From which pages it is taken, and that no other route takes one, is in test/contract/csrf.test.ts.
describe('a form that the page of a provider posts (CSR-10)', () => {
  test('signs nobody in as somebody else: a visit that an attacker began is not theirs (OAU-01)', async () => {
    const [attacker, victim] = [await begin(client, 'acme'), await begin(client, 'acme')];
    const sub = freshSubject();
    const code = codeFor(attacker, { sub });
    const { state } = attacker;
    const answer = await comeBackByForm(client, { ...attacker, cookies: victim.cookies }, { code, state });
    expectSentBack(answer, 'transaction_invalid');
    expect(await countOf(sub)).toEqual({ sessions: 0, users: 0 });
  });

  test('does not end the session that a browser has when it is refused', async () => {
    const visit = await begin(client, 'acme');
    const first = await comeBackByForm(client, visit, { code: codeFor(visit, { sub: freshSubject() }) });
    const cookies = authCookies(first);
    const again = await comeBackByForm(client, visit, { code: 'x' }, { cookies });
    expect(landing(again).error).not.toBeNull();
    await signedInUser(client, first);
  });
});
