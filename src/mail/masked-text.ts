const readLengthMax = 1000;
const toldLengthMax = 300;
/** More than remains of an address or token that the end of the text has cut. */
const splitLengthMax = 100;

// Every quantifier is bounded, so that a long text without an address costs no more than its length times that bound.
const localPattern = /(?:"[^"]{1,64}"|[^\s"'<>()[\]{},;:=]{1,320})/;
const atPattern = /(?:[@\ufe6b\uff20]|%(?:25){0,3}40|&#(?:0{0,5}64|x0{0,5}40);|&commat;|\\u0040)/;
const addressPattern = new RegExp(
  `${localPattern.source}${atPattern.source}\\[?[^\\s"'<>()[\\]{},;:]{1,320}\\]?`,
  'gi',
);

/** Masks an address for the log: somebody who knows the address can recognise it (LOG-05). */
export function maskEmail(address: string): string {
  const at = address.lastIndexOf('@');
  return at < 1 ? '***' : `${address.slice(0, 1)}***${address.slice(at)}`;
}

/**
 * Masks the response of a mail provider for the log: at most 300 characters of the first 1000, without anything that
 * looks like an address or is long enough to be a token or a code, since providers like to quote what they were sent
 * (LOG-01).
 */
export function maskAnswer(text: string): string {
  const masked = text
    .slice(0, readLengthMax)
    .replace(addressPattern, '***')
    .replace(/[\w+/=~.%-]{24,}/g, '***')
    // Codes have eight digits.
    .replace(/\d{8,}/g, '***');
  return masked.slice(0, text.length > readLengthMax ? -splitLengthMax : undefined).slice(0, toldLengthMax);
}
