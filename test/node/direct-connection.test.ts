import { describe, expect, test } from 'vitest';
import { findDirectUrl } from '../../tools/direct-connection.ts';

const neon = 'postgresql://u:p%40@ep-cool-fog-1-pooler.c-2.eu-central-1.aws.neon.tech/db';
const direct = 'postgresql://u:p%40@ep-cool-fog-1.c-2.eu-central-1.aws.neon.tech/db';
const endpoint = 'http://127.0.0.1:5488/sql';

describe('the direct connection to the server (CRN-09)', () => {
  test.each([
    ['goes past the pooler of Neon', { url: neon }, `${direct}?sslmode=verify-full`],
    [
      'is verified where the string asks for encryption alone',
      { url: `${neon}?sslmode=require&channel_binding=require` },
      `${direct}?sslmode=verify-full&channel_binding=require`,
    ],
    [
      'is as the string says otherwise',
      { url: 'postgres://u:p@db.example.com:5433/db?sslmode=disable' },
      'postgres://u:p@db.example.com:5433/db?sslmode=disable',
    ],
    [
      'to another host is encrypted',
      { url: 'postgres://u@db-pooler.example.com/db' },
      'postgres://u@db-pooler.example.com/db?sslmode=verify-full',
    ],
    ['to this machine need not be', { url: 'postgres://u:p@127.0.0.1/db' }, 'postgres://u:p@127.0.0.1/db'],
    ['is not there behind an endpoint of another kind', { url: neon, endpoint }, undefined],
    [
      'is there behind one by a string of its own',
      { url: neon, endpoint, directUrl: 'postgres://u:p@localhost:5432/db' },
      'postgres://u:p@localhost:5432/db',
    ],
  ])('%s', (_what, addresses, expected) => {
    expect(findDirectUrl({ endpoint: undefined, directUrl: undefined, ...addresses })).toBe(expected);
  });
});
