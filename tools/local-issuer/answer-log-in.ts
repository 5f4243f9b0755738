import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Provider } from 'oidc-provider';
import { renderErrorPage, renderLogInPage } from './log-in-page.ts';
import type { People } from './people.ts';

/** Under it each waiting request has a page of its own. */
export const logInPath = '/log-in/';

interface LogInDeps {
  readonly provider: Provider;
  readonly people: People;
  readonly name: string;
}

/** Shows the log-in page and takes what it sends; the answer is then the way back to the client. */
export async function answerLogIn(
  { provider, people, name }: LogInDeps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const interaction = await provider.interactionDetails(request, response).catch(() => undefined);
  if (interaction === undefined) {
    show(
      response,
      400,
      renderErrorPage('Nothing waits for this log-in any more. Begin where you came from.'),
    );
    return;
  }
  // A client may ask for consent by prompt=consent; grants are given without any.
  if (interaction.prompt.name !== 'login') {
    await provider.interactionFinished(request, response, { consent: {} });
    return;
  }
  const loginHint = interaction.prompt.details.login_hint ?? '';
  if (request.method !== 'POST') {
    show(response, 200, renderLogInPage({ name, email: loginHint }));
    return;
  }
  const form = new URLSearchParams(await text(request));
  if (form.get('action') === 'cancel') {
    const error = { error: 'access_denied', error_description: 'The person cancelled the log-in' };
    await provider.interactionFinished(request, response, error);
    return;
  }
  const email = form.get('email')?.trim() ?? '';
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) {
    show(response, 400, renderLogInPage({ name, email, problem: 'This is not an e-mail address.' }));
    return;
  }
  const subject = people.remember({
    email,
    isEmailVerified: form.get('email_verified') === 'true',
    name: form.get('name')?.trim() || undefined,
  });
  await provider.interactionFinished(request, response, { login: { accountId: subject } });
}

function show(response: ServerResponse, status: number, page: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    // Without form-action, which browsers also apply to the redirect that answers the form, and that leads to the client.
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  });
  response.end(page);
}
