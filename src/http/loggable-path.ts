const plainSegment = /^[\w.-]{0,64}$/;

/** Returns a path that is safe to log: a caller can put an address or a token into a segment (LOG-05). */
export function loggablePath(path: string): string {
  return path
    .split('/')
    .map((segment) => (plainSegment.test(segment) ? segment : '*'))
    .join('/');
}
