import { maskAnswer } from '../masked-text.ts';

const answerBytesMax = 4096;

/**
 * Posts a mail as JSON. Any 2xx is success, whatever the body. Redirects are not followed, since the body contains a
 * secret link.
 * @throws Error with the status and the start of the body for any other status
 */
export async function postMail(
  url: string,
  body: object,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    redirect: 'manual',
    signal,
  });
  if (response.ok) {
    await response.body?.cancel();
    return;
  }
  throw new Error(`status ${response.status}: ${maskAnswer(await startOf(response))}`);
}

/** Reads the start of a body as text; then the connection is closed. */
async function startOf({ body }: Response): Promise<string> {
  if (body === null) return '';
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (text.length < answerBytesMax) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}
