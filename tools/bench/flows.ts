import { bearer } from './account-requests.ts';
import type { BenchService } from './bench-service.ts';
import type { BenchRequest, BenchResponse } from './http-client.ts';
import type { MailSink } from './mail-sink.ts';

/** An account as somebody who uses it knows it; others may have changed it meanwhile. */
export interface BenchAccount {
  id: string;
  email: string;
  /** The address before it, if it was moved. */
  formerEmail: string;
  /** The address to which it is about to move. */
  nextEmail: string;
  password: string;
  accessToken: string;
  refreshToken: string;
}

/** What a flow works with. */
export interface FlowContext {
  readonly service: BenchService;
  readonly sink: MailSink;
  /** Told of every response. */
  readonly onResponse: (flow: string, response: BenchResponse) => void;
}

let serial = 0;

/** An address that nobody has had. */
function freshAddress(): string {
  serial += 1;
  return `person-${process.pid}-${serial}@example.com`;
}

export function newAccount(): BenchAccount {
  const email = freshAddress();
  return {
    ...{ id: '', email, formerEmail: email, nextEmail: email, password: newPassword() },
    ...{ accessToken: '', refreshToken: '' },
  };
}

/** What people and operators do, by name. Each may meet an account that somebody else is changing. */
export const flows = {
  register: ({ account: { email, password }, signIn }) =>
    signIn('register', { email, password, confirmPassword: password, name: 'Bench' }),
  login: ({ account: { email, password }, signIn }) => signIn('login', { email, password }),
  'login, wrong password': ({ account: { email }, post }) =>
    post('login', { email, password: 'not the right one' }),
  me: ({ own }) => own('GET', 'me'),
  'change profile': ({ own }) => own('PATCH', 'me', { name: `Bench ${serial}` }),
  refresh: ({ account: { refreshToken }, signIn }) => signIn('refresh', { refreshToken }),
  logout: ({ account: { refreshToken }, post }) => post('logout', { refreshToken }),
  sessions: ({ own }) => own('GET', 'sessions'),
  'sign out the others': ({ own }) => own('DELETE', 'sessions?keep=current'),
  events: ({ own }) => own('GET', 'security-events'),
  export: ({ own }) => own('GET', 'me/export'),
  reauthenticate: ({ account: { accessToken, password }, signIn }) =>
    signIn('reauthenticate', { password }, accessToken),
  'change password': async ({ account, signIn }) => {
    const { accessToken, password: currentPassword } = account;
    const password = newPassword();
    const body = { currentPassword, newPassword: password, confirmPassword: password };
    if (await signIn('password/change', body, accessToken)) account.password = password;
  },
  forgot: ({ account: { email }, post }) => post('password/forgot', { email }),
  'forgot, unknown': ({ post }) => post('password/forgot', { email: freshAddress() }),
  reset: async ({ account, sink, post }) => {
    const token = sink.take('reset_password', account.email);
    if (token === undefined) return;
    const password = newPassword();
    if (await post('password/reset', { token, password, confirmPassword: password }))
      account.password = password;
  },
  resend: ({ account: { email }, post }) => post('email/resend', { email }),
  'verify by session': async ({ account: { email }, sink, own }) => {
    const token = sink.take('verify_email', email);
    if (token !== undefined) await own('POST', 'email/verify', { token });
  },
  'verify by password': async ({ account: { email, password }, sink, signIn }) => {
    const token = sink.take('verify_email', email);
    if (token !== undefined) await signIn('email/verify', { token, password });
  },
  'change address': async ({ account, own }) => {
    account.nextEmail = freshAddress();
    await own('POST', 'email/change', { newEmail: account.nextEmail });
  },
  'confirm the change': async ({ account, sink, own }) => {
    const { email, nextEmail } = account;
    const token = sink.take('confirm_email_change', nextEmail);
    if (token === undefined || !(await own('POST', 'email/change/confirm', { token }))) return;
    Object.assign(account, { formerEmail: email, email: nextEmail });
  },
  'revert the change': async ({ account, sink, post }) => {
    const token = sink.take('email_changed', account.formerEmail);
    if (token !== undefined && (await post('email/change/revert', { token })))
      account.email = account.formerEmail;
  },
  'not me': async ({ account: { email }, sink, post }) => {
    const token = sink.take('new_device', email);
    if (token !== undefined) await post('not-me', { token });
  },
  unlock: async ({ account: { email }, sink, post }) => {
    const token = sink.take('account_locked', email);
    if (token !== undefined) await post('unlock', { token });
  },
  'delete the account': ({ account: { password }, own }) => own('DELETE', 'me', { password }),
  'sign out by an operator': ({ account: { id }, operate }) => operate(`users/${id}/sign-out`),
  ban: ({ account: { id }, operate }) => operate(`users/${id}/ban`),
  unban: ({ account: { id }, operate }) => operate(`users/${id}/unban`),
  'clean up': ({ operate }) => operate('cleanup-sessions'),
} as const satisfies Readonly<Record<string, (by: Doer) => Promise<unknown>>>;

export type FlowName = keyof typeof flows;

/** Runs one flow for the account. */
export async function runFlow(name: FlowName, context: FlowContext, account: BenchAccount): Promise<void> {
  await flows[name](doerOf(name, context, account));
}

/** Waits until the mails of a request have left, which they do after its response. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}

/** Who carries a flow out. Its requests resolve to whether the answer was a success. */
interface Doer {
  readonly account: BenchAccount;
  readonly sink: MailSink;
  post(route: string, body: object): Promise<boolean>;
  /** By the access token of the account. */
  own(method: BenchRequest['method'], route: string, body?: object): Promise<boolean>;
  /** Keeps the tokens of a successful answer. */
  signIn(route: string, body: object, accessToken?: string): Promise<boolean>;
  operate(route: string): Promise<boolean>;
}

function doerOf(flow: string, { service, sink, onResponse }: FlowContext, account: BenchAccount): Doer {
  const send = async (method: BenchRequest['method'], path: string, token?: string, body?: object) => {
    const headers = token === undefined ? {} : bearer(token);
    const response = await service.client.send({ method, path, headers, ...(body && { body }) });
    onResponse(flow, response);
    return response.status < 300 ? response : undefined;
  };
  const isDone = async (...request: Parameters<typeof send>) => (await send(...request)) !== undefined;
  return {
    account,
    sink,
    post: (route, body) => isDone('POST', `/api/auth/${route}`, undefined, body),
    own: (method, route, body) => isDone(method, `/api/auth/${route}`, account.accessToken, body),
    async signIn(route, body, accessToken) {
      const response = await send('POST', `/api/auth/${route}`, accessToken, body);
      if (response === undefined) return false;
      const answer = JSON.parse(response.text) as Partial<BenchAccount> & {
        readonly user?: { readonly id: string };
      };
      account.id = answer.user?.id ?? account.id;
      account.accessToken = answer.accessToken ?? account.accessToken;
      account.refreshToken = answer.refreshToken ?? account.refreshToken;
      return true;
    },
    operate: async (route) => {
      const { CRON_SECRET, ADMIN_SECRET } = service.vars;
      const token = route === 'cleanup-sessions' ? CRON_SECRET : ADMIN_SECRET;
      return isDone('POST', `/api/admin/${route}`, token);
    },
  };
}

function newPassword(): string {
  return `bench ${crypto.randomUUID()}`;
}
