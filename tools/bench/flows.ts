import type { BenchRequest, BenchResponse, HttpClient } from './http-client.ts';
import type { MailSink } from './mail-sink.ts';

/** An account as somebody who uses it knows it; others may have changed it meanwhile. */
export interface BenchAccount {
  id: string;
  email: string;
  /** The address before it, if it was moved. */
  formerEmail: string;
  password: string;
  accessToken: string;
  refreshToken: string;
}

/** What a flow works with. */
export interface FlowContext {
  readonly client: HttpClient;
  readonly sink: MailSink;
  readonly cronSecret: string;
  readonly adminSecret: string;
  /** Told of every response. */
  readonly onResponse: (flow: string, response: BenchResponse) => void;
}

type Flow = (context: FlowContext, account: BenchAccount) => Promise<void>;

let serial = 0;

/** An address that nobody has had. */
export function freshAddress(): string {
  serial += 1;
  return `person-${process.pid}-${serial}@example.com`;
}

export function newAccount(): BenchAccount {
  const email = freshAddress();
  return {
    ...{ id: '', email, formerEmail: email, password: newPassword() },
    ...{ accessToken: '', refreshToken: '' },
  };
}

/** What people and operators do, by name. Each may meet an account that somebody else is changing. */
export const flows = {
  register: async (context, account) => {
    const { email, password } = account;
    const body = { email, password, confirmPassword: password, name: 'Bench' };
    await signIn(context, account, 'register', { method: 'POST', path: '/api/auth/register', body });
  },
  login: async (context, account) => {
    const { email, password } = account;
    await signIn(context, account, 'login', {
      ...{ method: 'POST', path: '/api/auth/login', body: { email, password } },
    });
  },
  'login, wrong password': (context, { email }) =>
    post(context, 'login, wrong password', '/api/auth/login', { email, password: 'not the right one' }),
  me: (context, account) => own(context, account, 'me', 'GET', '/api/auth/me'),
  'change profile': (context, account) =>
    own(context, account, 'change profile', 'PATCH', '/api/auth/me', { name: `Bench ${serial}` }),
  refresh: async (context, account) => {
    const { refreshToken } = account;
    await signIn(context, account, 'refresh', {
      ...{ method: 'POST', path: '/api/auth/refresh', body: { refreshToken } },
    });
  },
  logout: (context, { refreshToken }) => post(context, 'logout', '/api/auth/logout', { refreshToken }),
  sessions: (context, account) => own(context, account, 'sessions', 'GET', '/api/auth/sessions'),
  'sign out the others': (context, account) =>
    own(context, account, 'sign out the others', 'DELETE', '/api/auth/sessions?keep=current'),
  events: (context, account) => own(context, account, 'events', 'GET', '/api/auth/security-events'),
  export: (context, account) => own(context, account, 'export', 'GET', '/api/auth/me/export'),
  reauthenticate: async (context, account) => {
    const { accessToken, password } = account;
    await signIn(context, account, 'reauthenticate', {
      ...{ method: 'POST', path: '/api/auth/reauthenticate', body: { password } },
      headers: bearer(accessToken),
    });
  },
  'change password': async (context, account) => {
    const { accessToken, password: currentPassword } = account;
    const newest = newPassword();
    const body = { currentPassword, newPassword: newest, confirmPassword: newest };
    const isDone = await signIn(context, account, 'change password', {
      ...{ method: 'POST', path: '/api/auth/password/change', body },
      headers: bearer(accessToken),
    });
    if (isDone) account.password = newest;
  },
  forgot: (context, { email }) => post(context, 'forgot', '/api/auth/password/forgot', { email }),
  'forgot, unknown': (context) =>
    post(context, 'forgot, unknown', '/api/auth/password/forgot', { email: freshAddress() }),
  reset: async (context, account) => {
    const token = context.sink.take('reset_password', account.email);
    if (token === undefined) return;
    const password = newPassword();
    const body = { token, password, confirmPassword: password };
    if (await post(context, 'reset', '/api/auth/password/reset', body)) account.password = password;
  },
  resend: (context, { email }) => post(context, 'resend', '/api/auth/email/resend', { email }),
  'verify by session': async (context, account) => {
    const token = context.sink.take('verify_email', account.email);
    if (token === undefined) return;
    await own(context, account, 'verify by session', 'POST', '/api/auth/email/verify', { token });
  },
  'verify by password': async (context, account) => {
    const { email, password } = account;
    const token = context.sink.take('verify_email', email);
    if (token === undefined) return;
    const body = { token, password };
    await signIn(context, account, 'verify by password', {
      ...{ method: 'POST', path: '/api/auth/email/verify', body },
    });
  },
  'change address': async (context, account) => {
    const newEmail = freshAddress();
    await own(context, account, 'change address', 'POST', '/api/auth/email/change', { newEmail });
    await settle();
    const token = context.sink.take('confirm_email_change', newEmail);
    if (token === undefined) return;
    const body = { token };
    const path = '/api/auth/email/change/confirm';
    if (!(await own(context, account, 'confirm the change', 'POST', path, body))) return;
    account.formerEmail = account.email;
    account.email = newEmail;
  },
  'revert the change': async (context, account) => {
    const token = context.sink.take('email_changed', account.formerEmail);
    if (token === undefined) return;
    const path = '/api/auth/email/change/revert';
    if (await post(context, 'revert the change', path, { token })) account.email = account.formerEmail;
  },
  'not me': async (context, { email }) => {
    const token = context.sink.take('new_device', email);
    if (token !== undefined) await post(context, 'not me', '/api/auth/not-me', { token });
  },
  unlock: async (context, { email }) => {
    const token = context.sink.take('account_locked', email);
    if (token !== undefined) await post(context, 'unlock', '/api/auth/unlock', { token });
  },
  'delete the account': async (context, account) => {
    const { password } = account;
    await own(context, account, 'delete the account', 'DELETE', '/api/auth/me', { password });
  },
  'sign out by an operator': (context, { id }) => operate(context, id, 'sign-out'),
  ban: (context, { id }) => operate(context, id, 'ban'),
  unban: (context, { id }) => operate(context, id, 'unban'),
  'clean up': async (context) => {
    const path = '/api/admin/cleanup-sessions';
    await send(context, 'clean up', { method: 'POST', path, headers: bearer(context.cronSecret) });
  },
} as const satisfies Readonly<
  Record<string, (context: FlowContext, account: BenchAccount) => Promise<unknown>>
>;

export type FlowName = keyof typeof flows;

/** Runs one flow for the account. */
export async function runFlow(name: FlowName, context: FlowContext, account: BenchAccount): Promise<void> {
  await (flows[name] as Flow)(context, account);
}

/** Waits until the mails of a request have left, which they do after its response. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}

async function send(context: FlowContext, flow: string, request: BenchRequest): Promise<BenchResponse> {
  const response = await context.client.send(request);
  context.onResponse(flow, response);
  return response;
}

async function post(context: FlowContext, flow: string, path: string, body: object): Promise<boolean> {
  const { status } = await send(context, flow, { method: 'POST', path, body });
  return status < 300;
}

async function own(
  context: FlowContext,
  { accessToken }: BenchAccount,
  flow: string,
  method: BenchRequest['method'],
  path: string,
  body?: object,
): Promise<boolean> {
  const request = { method, path, headers: bearer(accessToken), ...(body !== undefined && { body }) };
  return (await send(context, flow, request)).status < 300;
}

/** Keeps the tokens of a successful answer. */
async function signIn(
  context: FlowContext,
  account: BenchAccount,
  flow: string,
  request: BenchRequest,
): Promise<boolean> {
  const { status, text } = await send(context, flow, request);
  if (status >= 300) return false;
  const answer = JSON.parse(text) as Partial<BenchAccount> & { readonly user?: { readonly id: string } };
  account.id = answer.user?.id ?? account.id;
  account.accessToken = answer.accessToken ?? account.accessToken;
  account.refreshToken = answer.refreshToken ?? account.refreshToken;
  return true;
}

async function operate(context: FlowContext, id: string, action: string): Promise<void> {
  if (id === '') return;
  const path = `/api/admin/users/${id}/${action}`;
  const flow = action === 'sign-out' ? 'sign out by an operator' : action;
  await send(context, flow, { method: 'POST', path, headers: bearer(context.adminSecret) });
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

function newPassword(): string {
  return `bench ${crypto.randomUUID()}`;
}
