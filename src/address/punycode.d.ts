// The package has no types of its own. By this path, since `punycode` alone is a module of Node.
declare module 'punycode/punycode.es6.js' {
  /** A domain with its labels in letters where they are in A-labels. @throws RangeError for a malformed label */
  export function toUnicode(domain: string): string;
}
