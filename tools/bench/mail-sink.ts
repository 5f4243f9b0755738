import { once } from 'node:events';
import { createServer } from 'node:http';

/** A mail as the service handed it over. */
interface SunkMail {
  readonly to: string;
  readonly kind: string;
  readonly data: { readonly token?: string };
}

/** A mail provider that keeps the latest link of each kind to each recipient. */
export interface MailSink {
  readonly url: string;
  /** How many mails it was handed. */
  readonly count: number;
  /** Takes the latest token of that kind to the recipient; undefined when there is none. */
  take(kind: string, recipient: string): string | undefined;
  close(): void;
}

/** Starts it on a free port of the loopback interface. */
export async function startMailSink(): Promise<MailSink> {
  const tokens = new Map<string, string>();
  let count = 0;
  const server = createServer((incoming, answer) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { to, kind, data } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as SunkMail;
      count += 1;
      if (data.token !== undefined) tokens.set(`${kind} ${to}`, data.token);
      answer.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    get count() {
      return count;
    },
    take(kind, recipient) {
      const key = `${kind} ${recipient}`;
      const token = tokens.get(key);
      tokens.delete(key);
      return token;
    },
    close: () => server.close(),
  };
}
