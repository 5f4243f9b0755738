import { type LocalServer, startLocalServer } from './local-server.ts';

/** A mail as the service handed it over. */
interface SunkMail {
  readonly to: string;
  readonly kind: string;
  readonly data: { readonly token?: string };
}

/** A mail provider that keeps the latest link of each kind to each recipient. */
export interface MailSink extends LocalServer {
  /** The variables of a service that hands its mails to it. */
  readonly vars: Readonly<Record<string, string>>;
  /** How many mails it was handed. */
  count(): number;
  /** Takes the latest token of that kind to the recipient; undefined when there is none. */
  take(kind: string, recipient: string): string | undefined;
}

/** Starts it on a free port of the loopback interface. */
export async function startMailSink(): Promise<MailSink> {
  const tokens = new Map<string, string>();
  let count = 0;
  const server = await startLocalServer((body, response) => {
    const { to, kind, data } = JSON.parse(body) as SunkMail;
    count += 1;
    if (data.token !== undefined) tokens.set(`${kind} ${to}`, data.token);
    response.end();
  });
  return {
    ...server,
    vars: { MAIL_TRANSPORT: 'http', MAIL_HTTP_URL: server.url },
    count: () => count,
    take(kind, recipient) {
      const key = `${kind} ${recipient}`;
      const token = tokens.get(key);
      tokens.delete(key);
      return token;
    },
  };
}
