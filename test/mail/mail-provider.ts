import { type BreachPlan, breachService } from '../support/breach-service.ts';

/** A mail as a provider was handed it. */
export interface ReceivedMail {
  readonly key: string;
  readonly headers: Readonly<Record<string, unknown>>;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever JSON came
  readonly body: any;
}

/** A provider that takes whatever it is posted, or misbehaves as planned. */
export async function mailProvider(plan: BreachPlan = { body: '{"id":"taken"}' }): Promise<{
  /** For MAIL_HTTP_URL. */
  readonly url: string;
  received(): Promise<ReceivedMail[]>;
}> {
  // The stand-in for the breach service answers any request over HTTP.
  const { url, seen } = await breachService(plan);
  return {
    url: `${url}/mails`,
    received: async () =>
      (await seen()).map(({ headers, body }) => ({
        key: String(headers['idempotency-key']),
        headers,
        body: JSON.parse(body),
      })),
  };
}
