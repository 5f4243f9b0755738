import { expect, inject, test } from 'vitest';
import { runScheduled } from '../../src/app.ts';
import { sql } from '../../src/db/sql.ts';
import { recordLog } from '../contract/recorded-log.ts';
import { freshClient, otherPassword, password } from '../support/accounts.ts';
import type { Answer } from '../support/client.ts';
import { openDatabase, query } from '../support/database.ts';
import { slowRaces } from '../support/slow.ts';
import { adminSecret } from '../support/test-env.ts';
import { codeAt, type TwoFactorUser, twoFactorUser } from '../support/two-factor.ts';
import { expectConsistent, expectNoDeadlock, forgetChecks, patientClient } from './two-factor-state.ts';

const runMs = inject('isFull') ? 60_000 : 8000;
const connections = 12;

const client = patientClient({ ADMIN_SECRET: adminSecret });

expectNoDeadlock();

/** An account as all who use it at once know it: what they remember may be over by then. */
interface Account extends Pick<TwoFactorUser, 'email' | 'userId'> {
  password: string;
  secret: string;
  backupCodes: readonly string[];
  accessToken: string;
  refreshToken: string;
  trustedDeviceToken: string | undefined;
  deviceToken: string;
}

/** Lets a code of the present step count as unused; in the order of the service's locks. */
const renewStep = ({ userId }: Account) =>
  openDatabase().batch([
    sql`SELECT u.id FROM users u WHERE u.id = ${userId}::uuid FOR NO KEY UPDATE`,
    sql`UPDATE factors SET last_step = NULL WHERE user_id = ${userId}::uuid`,
  ]);

function call(account: Account, method: string, path: string, body?: object): Promise<Answer> {
  const headers = { ...freshClient(), 'X-Device-Token': account.deviceToken };
  return client.call(method, path, { body, headers, bearer: account.accessToken });
}

/** Remembers what an answer gives. */
function learn(account: Account, { json, headers }: Answer): void {
  const { accessToken, refreshToken, backupCodes, trustedDeviceToken } = json;
  const deviceToken = headers.get('X-Device-Token') ?? undefined;
  const learned = { accessToken, refreshToken, backupCodes, trustedDeviceToken, deviceToken };
  Object.assign(
    account,
    Object.fromEntries(Object.entries(learned).filter(([, value]) => value !== undefined)),
  );
}

const proofOf = async (account: Account): Promise<object> => {
  if (Math.random() < 0.2) return { backupCode: account.backupCodes[Math.floor(Math.random() * 10)] };
  await renewStep(account);
  return { code: codeAt(account.secret) };
};

const signIn = async (account: Account): Promise<Answer> => {
  const { email, password: text, trustedDeviceToken } = account;
  const isTrusting = trustedDeviceToken !== undefined && Math.random() < 0.3;
  const first = await call(account, 'POST', '/api/auth/login', {
    ...{ email, password: text, ...(isTrusting && { trustedDeviceToken }) },
  });
  if (!first.json.twoFactorRequired) return first;
  const { challengeToken } = first.json;
  const proof = { challengeToken, ...(await proofOf(account)), trustDevice: Math.random() < 0.7 };
  return call(account, 'POST', '/api/auth/login/two-factor', proof);
};

const enrol = async (account: Account): Promise<Answer> => {
  const setup = await call(account, 'POST', '/api/auth/two-factor/setup');
  if (setup.status !== 200) return setup;
  const { secret } = setup.json;
  const answer = await call(account, 'POST', '/api/auth/two-factor/enable', { code: codeAt(secret) });
  if (answer.status === 200) account.secret = secret;
  return answer;
};

/** What each connection does, one after the other, by chance. */
const actions: Readonly<Record<string, (account: Account) => Promise<Answer>>> = {
  signIn,
  wrongCode: async (account) => {
    const { email, password: text } = account;
    const { json } = await call(account, 'POST', '/api/auth/login', { email, password: text });
    const proof = { challengeToken: json.challengeToken ?? 'nxc_none', code: '000000' };
    return call(account, 'POST', '/api/auth/login/two-factor', proof);
  },
  reauthenticate: async (account) =>
    call(account, 'POST', '/api/auth/reauthenticate', await proofOf(account)),
  changePassword: async (account) => {
    const [current, next] =
      account.password === password ? [password, otherPassword] : [otherPassword, password];
    const body = { currentPassword: current, newPassword: next, confirmPassword: next };
    const answer = await call(account, 'POST', '/api/auth/password/change', body);
    if (answer.status === 200) account.password = next;
    return answer;
  },
  disable: async (account) => call(account, 'POST', '/api/auth/two-factor/disable', await proofOf(account)),
  enrol,
  renewBackupCodes: (account) => call(account, 'POST', '/api/auth/two-factor/backup-codes'),
  reset: async (account) => {
    const path = `/api/admin/users/${account.userId}/two-factor/reset`;
    const answer = await client.post(path, undefined, { bearer: adminSecret });
    await query(sql`
      UPDATE users SET two_factor_reset_at = now() WHERE id = ${account.userId}::uuid AND two_factor_reset_at > now()`);
    return answer;
  },
  refresh: ({ refreshToken }) => client.post('/api/auth/refresh', { refreshToken }),
  logOut: ({ refreshToken }) => client.post('/api/auth/logout', { refreshToken }),
  signOutEverywhere: (account) => call(account, 'DELETE', '/api/auth/sessions?keep=current'),
  forgetDevice: async (account) => {
    const listed = await call(account, 'GET', '/api/auth/trusted-devices');
    const id = listed.json.trustedDevices?.[0]?.id ?? crypto.randomUUID();
    return call(account, 'DELETE', `/api/auth/trusted-devices/${id}`);
  },
  ban: async ({ userId }) => {
    const path = (action: string) => `/api/admin/users/${userId}/${action}`;
    const answer = await client.post(path('ban'), undefined, { bearer: adminSecret });
    await client.post(path('unban'), undefined, { bearer: adminSecret });
    return answer;
  },
};

/** Most of the others end sessions. */
const often = ['signIn', 'reauthenticate', 'disable', 'enrol', 'renewBackupCodes', 'forgetDevice', 'refresh'];

slowRaces('everything that has to do with two-factor', { timeout: runMs + 60_000 }, () => {
  test(`on 4 accounts by ${connections} connections at once never ends in a deadlock or a failure of ours`, async () => {
    const lines = recordLog();
    const accounts = await Promise.all(Array.from({ length: 4 }, accountOf));
    const done: Record<string, number> = {};
    const failures: string[] = [];
    const names = Object.keys(actions);
    // Whatever never succeeded was no part of the mix, which goes on until then. A wrong code never does.
    const expected = names.filter((name) => name !== 'wrongCode').toSorted();
    const isMixed = () => expected.every((name) => done[name] !== undefined);
    const startedAt = Date.now();
    const isOver = () => Date.now() > startedAt + (isMixed() ? runMs : runMs + 40_000);
    const chances = [...names, ...often, ...often, ...often, 'signIn', 'signIn', 'signIn', 'signIn'];
    const work = async () => {
      while (!isOver()) {
        const name = chances[Math.floor(Math.random() * chances.length)]!;
        const account = accounts[Math.floor(Math.random() * accounts.length)]!;
        const answer = await actions[name]!(account);
        if (answer.status >= 500) failures.push(`${name}: ${answer.text}`);
        if (answer.status !== 200 && answer.status !== 202) continue;
        learn(account, answer);
        done[name] = (done[name] ?? 0) + 1;
      }
    };
    const tidy = async () => {
      while (!isOver()) {
        await runScheduled({ cron: '0 2 * * *' }, client.env);
        // Or the limits would soon refuse everything.
        await forgetChecks();
        await scheduler.wait(20);
      }
    };
    await Promise.all([tidy(), ...Array.from({ length: connections }, work)]);
    expect(failures).toEqual([]);
    expect(lines.filter((line) => /"level":"error"|40P01/.test(line))).toEqual([]);
    await expectConsistent();
    expect(Object.keys(done).toSorted()).toEqual(expected);
  });
});

async function accountOf(): Promise<Account> {
  const user = await twoFactorUser(client);
  return { ...user, password, trustedDeviceToken: undefined };
}
