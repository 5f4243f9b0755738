import type { Deps } from '../../../deps.ts';
import { log } from '../../../log.ts';

/** The longest wait for headers and body together. */
const waitMsMax = 800;

/**
 * The longest accepted body, in characters. A range has 1000 to 2000 lines of about 40 characters, padding included.
 */
const bodyLengthMax = 200 * 1024;

/** Why a lookup had no result. */
type Failure = 'timeout' | 'network' | 'status' | 'body';

/**
 * Whether a password has appeared in a breach, by the range API of Have I Been Pwned: only the first 5 digits of its
 * SHA-1 are sent, and the size of the response is padded. Also false when the service gives no valid response within
 * 800 ms, which is logged as `breached_password_check_failed`: nobody waits for a third party (PWD-11).
 *
 * https://haveibeenpwned.com/API/v3#PwnedPasswords
 */
export async function isBreached({ config, metadata }: Deps, password: string): Promise<boolean> {
  const hash = await sha1(password.normalize('NFC'));
  const range = await fetchRange(`${config.password.breachUrl}/range/${hash.slice(0, 5)}`);
  if (!(range instanceof Map)) {
    log('warn', 'breached_password_check_failed', { requestId: metadata.requestId, cause: range });
    return false;
  }
  // Padding lines have a count of 0.
  return (range.get(hash.slice(5)) ?? 0) > 0;
}

/** Maps the rest of each hash of a range to how often its password was seen. */
async function fetchRange(url: string): Promise<Map<string, number> | Failure> {
  const signal = AbortSignal.timeout(waitMsMax);
  try {
    const headers = { 'Add-Padding': 'true', 'User-Agent': 'nexora-auth' };
    const response = await fetch(url, { headers, signal, redirect: 'manual' });
    if (response.status !== 200) {
      await response.body?.cancel();
      return 'status';
    }
    const text = await readText(response);
    return (text === null ? null : parseRange(text)) ?? 'body';
  } catch {
    return signal.aborted ? 'timeout' : 'network';
  }
}

/** Reads the body; null when it is longer than any range. */
async function readText({ body }: Response): Promise<string | null> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    // Leaving the loop cancels the body.
    if (text.length > bodyLengthMax) return null;
  }
  return text;
}

/** Null for anything but lines of 35 hexadecimal digits, a colon and a count. */
function parseRange(text: string): Map<string, number> | null {
  const lines = text.trimEnd().split(/\r?\n/);
  const entries = lines.map((line) => /^([\dA-F]{35}):(\d+)$/i.exec(line));
  if (entries.includes(null)) return null;
  return new Map(entries.map((entry) => [entry?.[1]?.toUpperCase() ?? '', Number(entry?.[2])]));
}

async function sha1(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
}
