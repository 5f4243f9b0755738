import { toUnicode } from 'punycode/punycode.es6.js';
import { canonicalEmail } from './email-address.ts';

/** The address with its domain in letters, as the legacy system may have stored it. */
export function inLetters(address: string): string {
  const [localPart = '', domain = ''] = address.split('@');
  try {
    const text = `${localPart}@${toUnicode(domain)}`;
    return canonicalEmail(text) === address ? text : address;
  } catch {
    return address; // RangeError: no such label was ever made from letters
  }
}
