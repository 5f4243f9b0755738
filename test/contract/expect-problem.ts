import { expect } from 'vitest';
import type { Answer } from '../support/client.ts';

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const members = ['success', 'type', 'title', 'status', 'code', 'requestId', 'detail', 'errors', 'methods'];

/** Traces of what only the log may tell: the driver, the database's words, frames of a stack, hosts. */
export const innards =
  /NeonDbError|DatabaseError|duplicate key|violates|\bat [^"]*:\d|stack|neon\.tech|127\.0\.0\.1|localhost|Key \(|\.[jt]s:\d|SELECT|INSERT|UPDATE|sessions_|users_|postgres|sqlstate|canary/i;

/** Checks that an answer is a problem document (RFC 9457) of this status and code. */
export function expectProblem(answer: Answer, status: number, code: string, context = ''): void {
  const { headers, json, text } = answer;
  expect([answer.status, json?.code], `${context} ${text}`).toEqual([status, code]);
  expect(headers.get('Content-Type'), context).toBe('application/problem+json');
  expect(json, context).toMatchObject({
    success: false,
    type: `urn:nexora-auth:problem:${code}`,
    title: expect.stringMatching(/^[A-Z].*\.$|^Session not found or expired$/),
    status,
    code: expect.stringMatching(/^[a-z]+(_[a-z]+)*$/),
    requestId: expect.stringMatching(uuid),
  });
  expect(headers.get('X-Request-Id'), context).toBe(json.requestId);
  expect(
    Object.keys(json).filter((member) => !members.includes(member)),
    context,
  ).toEqual([]);
  // What the refusal of a gate tells besides.
  expect(Array.isArray(json.methods), context).toBe(code === 'reauthentication_required');
  expect(text, context).not.toMatch(innards);
  expect(headers.has('WWW-Authenticate'), context).toBe(status === 401);
  if (status === 429) {
    expect(Number(headers.get('Retry-After')), context).toBeGreaterThanOrEqual(1);
    expect(headers.get('RateLimit'), context).toMatch(/^"[a-z_-]+";r=0;t=\d+$/);
    expect(headers.has('RateLimit-Policy'), context).toBe(true);
  }
  if (status === 503) {
    expect(Number(headers.get('Retry-After')), context).toBeGreaterThanOrEqual(1);
    expect(Number(headers.get('Retry-After')), context).toBeLessThanOrEqual(5);
  }
}
