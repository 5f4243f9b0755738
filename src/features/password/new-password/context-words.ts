import { toPlain } from './derivatives.ts';

/** The names of this service. */
const productWords = ['nexora', 'nexoraauth'];

/** Shorter words are part of too many names to identify an account. */
const wordLengthMin = 4;

/**
 * The words that a password must not be made of (NIST SP 800-63B-4 section 3.1.1.2, ASVS 6.1.2): the names of this
 * service, the address, its local part with and without a tag, its domain and parent domains, and their labels except
 * for the top-level one. In the form of `toPlain`.
 *
 * @param email in its canonical form
 */
export function contextWords(email: string): ReadonlySet<string> {
  const [localPart = '', domain = ''] = email.split('@');
  const [untagged = ''] = localPart.split('+');
  const labels = domain.split('.').slice(0, -1);
  const domains = labels.map((_, index) => domain.split('.').slice(index).join('.'));
  const words = [email, localPart, untagged, ...domains, ...labels].map(toPlain);
  return new Set([...productWords, ...words.filter((word) => word.length >= wordLengthMin)]);
}
