const readLengthMax = 1000;
const toldLengthMax = 300;
/** More than is left to be seen of an address or token that the end of what is read has split. */
const splitLengthMax = 100;

// Each quantifier has an end, so that a long text without an address costs no more than its length times that.
const localPattern = /(?:"[^"]{1,64}"|[^\s"'<>()[\]{},;:=]{1,320})/;
const atPattern = /(?:[@\ufe6b\uff20]|%(?:25){0,3}40|&#(?:0{0,5}64|x0{0,5}40);|&commat;|\\u0040)/;
const addressPattern = new RegExp(
  `${localPattern.source}${atPattern.source}\\[?[^\\s"'<>()[\\]{},;:]{1,320}\\]?`,
  'gi',
);

/** An address as a log may hold it: enough to find out which one was meant, by somebody who knows it (LOG-05). */
export function maskEmail(address: string): string {
  const at = address.lastIndexOf('@');
  return at < 1 ? '***' : `${address.slice(0, 1)}***${address.slice(at)}`;
}

/**
 * What a mail provider answered, as a log may hold it: at most 300 characters of the first 1000, without anything that
 * looks like an address or is long enough to be a token, since providers like to quote what they were sent (SECURITY
 * LOG-01).
 */
export function maskAnswer(text: string): string {
  const masked = text
    .slice(0, readLengthMax)
    .replace(addressPattern, '***')
    .replace(/[\w+/=~.%-]{24,}/g, '***');
  return masked.slice(0, text.length > readLengthMax ? -splitLengthMax : undefined).slice(0, toldLengthMax);
}
