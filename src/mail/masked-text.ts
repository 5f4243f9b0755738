const textLengthMax = 300;

/** An address as a log may hold it: enough to find out which one was meant, by somebody who knows it (SECURITY LOG-05). */
export function maskEmail(address: string): string {
  const at = address.lastIndexOf('@');
  return at < 1 ? '***' : `${address.slice(0, 1)}***${address.slice(at)}`;
}

/**
 * What a mail provider answered, as a log may hold it: at most 300 characters, without anything that looks like an address
 * or is long enough to be a token, since providers like to quote what they were sent (SECURITY LOG-01).
 */
export function maskAnswer(text: string): string {
  return text
    .replace(/[^\s"'<>()[\]{},;:=]+(?:@|%40|&#64;|\\u0040)[^\s"'<>()[\]{},;:]+/gi, '***')
    .replace(/[\w+/=~.%-]{24,}/g, '***')
    .slice(0, textLengthMax);
}
