import { type Account, type Ledger, type Tokens, tokensIn } from './ledger.ts';
import type { Random } from './random-faults.ts';

interface Person {
  readonly name: string;
  readonly ledger: Ledger;
  readonly random: Random;
}

const stepsPerAccount = 5;
const pauseMs = 60;

/**
 * Registers accounts one after the other, and refreshes, signs out and changes the password of each, until `isOver`. One
 * request at a time, and a step that was begun is brought to its end. Every answer goes into the ledger.
 */
export async function liveRestlessly(person: Person, isOver: () => boolean): Promise<void> {
  for (let number = 0; !isOver(); number++) {
    const account = await register(person, `${person.name}-${number}@example.com`);
    for (let step = 0; step < stepsPerAccount && !isOver(); step++) {
      // An account in doubt is left as it is.
      if (account.passwords.length > 1) break;
      const [password] = account.passwords;
      const tokens = account.tokens ?? (await login(person, account, password));
      if (tokens === null) break;
      const choice = person.random();
      if (choice < 0.5) await changePassword(person, account, password, tokens);
      else if (choice < 0.8) await refresh(person, account, tokens);
      else await logout(person, account, tokens);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

async function register({ ledger, random }: Person, email: string): Promise<Account> {
  const password = newPassword(random);
  const account: Account = { email, passwords: [password], tokens: null, endedTokens: [] };
  const body = { email, name: 'Restless', password, confirmPassword: password, transport: 'body' };
  const reply = await ledger.insist({ path: '/register', body });
  // Taken, but by a request of ours whose answer was lost: then the account must be there all the same.
  const isTakenByUs = reply.status === 409 && reply.requestIds.length > 1;
  if (isTakenByUs || ledger.accepts('register', reply)) {
    if (!isTakenByUs) account.tokens = tokensIn(reply);
    ledger.accounts.push(account);
    ledger.events.push({ type: 'user_created', requestIds: reply.requestIds });
  }
  return account;
}

async function login({ ledger }: Person, account: Account, password: string): Promise<Tokens | null> {
  const body = { email: account.email, password, transport: 'body' };
  const reply = await ledger.insist({ path: '/login', body });
  if (!ledger.accepts('login', reply)) return null;
  ledger.events.push({ type: 'authn_login_success', requestIds: reply.requestIds });
  account.tokens = tokensIn(reply);
  return account.tokens;
}

async function changePassword(
  person: Person,
  account: Account,
  current: string,
  tokens: Tokens,
): Promise<void> {
  const { ledger, random } = person;
  const next = newPassword(random);
  const body = { currentPassword: current, newPassword: next, confirmPassword: next };
  const lostIds: string[] = [];
  const reply = await ledger.tryOnce({ path: '/password/change', body, bearer: tokens.accessToken }, lostIds);
  if (reply === null) {
    account.passwords = [current, next];
    account.tokens = null;
    if (random() < 0.5) await settle(person, account, [current, next], { tokens, lostIds });
  } else if (ledger.accepts('password/change', reply)) {
    account.passwords = [next];
    account.tokens = tokensIn(reply);
    ledger.events.push({ type: 'authn_password_change', requestIds: reply.requestIds });
  }
}

/** Finds out whether a change happened whose answer was lost. */
async function settle(
  person: Person,
  account: Account,
  [current, next]: readonly [string, string],
  lost: { readonly tokens: Tokens; readonly lostIds: readonly string[] },
): Promise<void> {
  const { ledger } = person;
  // A change that is still under way needs the session: once that has ended it cannot come any more.
  const ended = await ledger.insist({
    path: '/logout',
    body: { refreshToken: lost.tokens.refreshToken },
  });
  if (!ledger.accepts('logout in doubt', ended)) return;
  account.endedTokens.push(lost.tokens.refreshToken);
  const reply = await ledger.insist({
    path: '/login',
    body: { email: account.email, password: next, transport: 'body' },
  });
  // Alone here a refusal is an answer.
  if (reply.status === 401) {
    account.passwords = [current];
    await login(person, account, current);
  } else if (ledger.accepts('login after a change in doubt', reply)) {
    account.passwords = [next];
    account.tokens = tokensIn(reply);
    ledger.events.push({ type: 'authn_password_change', requestIds: lost.lostIds });
  }
}

async function refresh({ ledger }: Person, account: Account, { refreshToken }: Tokens): Promise<void> {
  const reply = await ledger.insist({ path: '/refresh', body: { refreshToken } });
  if (ledger.accepts('refresh', reply)) account.tokens = tokensIn(reply);
}

async function logout({ ledger }: Person, account: Account, { refreshToken }: Tokens): Promise<void> {
  const reply = await ledger.insist({ path: '/logout', body: { refreshToken } });
  account.tokens = null;
  if (!ledger.accepts('logout', reply)) return;
  account.endedTokens.push(refreshToken);
  ledger.events.push({ type: 'authn_token_revoked', requestIds: reply.requestIds });
}

function newPassword(random: Random): string {
  return `restless ${Math.floor(random() * 2 ** 32).toString(36)} ${Math.floor(random() * 2 ** 32).toString(36)}`;
}
