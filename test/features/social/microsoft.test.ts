import { beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { microsoft } from '../../../src/features/social/providers/microsoft.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import type { TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import { begin, signInAtStandIn } from '../../support/social.ts';
import { clientWith, countOf, expectSentBack, freshSubject, signedInUser } from './expectations.ts';

// Each refusal is logged; test/features/social/log.test.ts reads what.
beforeEach(() => void recordLog());

const consumers = '9188040d-6c67-4c5b-b112-36a304b66dad';
const tenant = '11111111-2222-3333-4444-555555555555';
const another = '66666666-7777-8888-9999-aaaaaaaaaaaa';
const issuerOf = (tid: string) => `https://login.microsoftonline.com/${tid}/v2.0`;

const clientOf = (MICROSOFT_TENANT: string) => clientWith([], { MICROSOFT_TENANT });

function signIn(client: TestClient, claims: Readonly<Record<string, unknown>>, sub = freshSubject()) {
  return signInAtStandIn(client, 'microsoft', { sub, claims: { xms_edov: true, ...claims } });
}

describe('the tenants of Microsoft', () => {
  test.each([
    ['common', tenant, true],
    ['common', consumers, true],
    ['organizations', tenant, true],
    ['organizations', consumers, false],
    ['consumers', consumers, true],
    ['consumers', tenant, false],
    [tenant, tenant, true],
    [tenant, another, false],
    [tenant, consumers, false],
    [consumers, consumers, true],
  ] as const)('where %s is configured, an account of %s comes in: %s', async (configured, tid, isIn) => {
    const client = clientOf(configured);
    const { url } = await begin(client, 'microsoft');
    expect(url.origin + url.pathname).toBe(
      `https://login.microsoftonline.com/${configured}/oauth2/v2.0/authorize`,
    );
    const sub = freshSubject();
    const answer = await signIn(client, { tid }, sub);
    if (!isIn) {
      expectSentBack(answer, 'provider_error');
      expect(await countOf(sub)).toEqual({ sessions: 0, users: 0 });
      return;
    }
    const id = await signedInUser(client, answer);
    const rows = await query(sql`SELECT issuer, subject FROM identities WHERE user_id = ${id}::uuid`);
    expect(rows).toEqual([{ issuer: issuerOf(tid), subject: sub }]);
  });

  test.each<[string, Record<string, unknown>]>([
    ['no tid', { tid: null, iss: issuerOf(tenant) }],
    ['an empty tid', { tid: '' }],
    ['a tid that is a text for all', { tid: 'common', iss: issuerOf('common') }],
    ['a tid that is no text', { tid: 5 }],
    ['a tid with a path', { tid: `${tenant}/v2.0/../x` }],
    ['a tid in capitals', { tid: another.toUpperCase() }],
    ['a tid with a line break', { tid: `${tenant}\n` }],
    ['the issuer of another tenant than its tid', { tid: tenant, iss: issuerOf(another) }],
    ['the issuer of all tenants', { tid: tenant, iss: issuerOf('common') }],
    ['the issuer with its place left open', { tid: tenant, iss: issuerOf('{tenantid}') }],
    ['the issuer of version 1', { tid: tenant, iss: `https://sts.windows.net/${tenant}/` }],
  ])('name the issuer of an ID token exactly: refused with %s (OAU-05, OAU-06)', async (_, claims) => {
    expectSentBack(await signIn(clientOf('common'), claims), 'provider_error');
  });

  test('are issuers of their own: one subject in two of them is two people (OAU-09)', async () => {
    const client = clientOf('common');
    const sub = freshSubject();
    const users = [];
    for (const tid of [tenant, another])
      users.push(
        await signedInUser(
          client,
          await signIn(client, { tid, email: `${crypto.randomUUID()}@example.com` }, sub),
        ),
      );
    expect(new Set(users).size).toBe(2);
    expect(await signedInUser(client, await signIn(client, { tid: tenant }, sub))).toBe(users[0]);
  });

  test.each(['', 'COMMON', 'contoso.com', '../x', `${tenant}/`, another.toUpperCase(), '{tenantid}'])(
    'are no other texts: %j',
    (text) => {
      expect(microsoft({ clientIds: ['id'], clientSecret: 'secret' }, text)).toBeNull();
    },
  );
});

describe('an address that Microsoft tells', () => {
  const provider = microsoft({ clientIds: ['id'], clientSecret: 'secret' }, 'common')!;
  const claims = { iss: issuerOf(tenant), sub: 's', client: 'id', email: 'a@example.com' };

  test.each([
    [{ xms_edov: true }, true],
    [{ xms_edov: 1 }, true],
    [{ xms_edov: '1' }, true],
    [{ xms_edov: false }, false],
    [{ xms_edov: 0 }, false],
    [{ xms_edov: '0' }, false],
    [{ xms_edov: 'false' }, false],
    [{ xms_edov: {} }, false],
    [{}, false],
    [{ email_verified: true }, false],
    [{ email_verified: true, xms_edov: false }, false],
    [{ verified_primary_email: ['a@example.com'] }, false],
  ])('counts where its domain is the tenant’s, as %j says: %s', (said, isEmailVerified) => {
    expect(provider.profileOf({ ...claims, ...said }, {})).toMatchObject({
      email: 'a@example.com',
      isEmailVerified,
    });
  });

  test('is never trusted, and is no user name', () => {
    expect(provider.isTrusted).toBe(false);
    const { email, ...withoutEmail } = claims;
    const told = {
      ...withoutEmail,
      preferred_username: email,
      upn: email,
      unique_name: email,
      xms_edov: true,
    };
    expect(provider.profileOf(told, {}).email).toBeNull();
  });
});
