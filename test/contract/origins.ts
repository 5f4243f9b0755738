import { baseUrl } from '../support/test-env.ts';

/** What a browser says about the page that makes it send a request. */
export type PageHeaders = Readonly<Record<string, string>>;

/** What a page of another site makes a browser send, and what some servers take for their own. */
export const foreignPages: [page: string, headers: PageHeaders][] = [
  ['another site', { Origin: 'https://evil.example' }],
  ['another site, with fetch metadata', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
  [
    'another site that claims same-origin',
    { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'same-origin' },
  ],
  ['a hidden origin', { Origin: 'null' }],
  ['a hidden origin across sites', { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }],
  ['a suffix', { Origin: 'https://auth.test.evil.example' }],
  ['a prefix', { Origin: 'https://evilauth.test' }],
  ['a sub-domain', { Origin: 'https://sub.auth.test', 'Sec-Fetch-Site': 'same-site' }],
  ['another port', { Origin: 'https://auth.test:8443' }],
  ['another scheme', { Origin: 'http://auth.test' }],
  ['a suffix of a listed origin', { Origin: 'https://app.test.evil.example' }],
  ['a sub-domain of a listed origin', { Origin: 'https://x.app.test' }],
  ['another port of a listed origin', { Origin: 'https://app.test:444' }],
  ['a path behind the own origin', { Origin: `${baseUrl}/` }],
  ['credentials before the own host', { Origin: 'https://auth.test@evil.example' }],
  ['two origins', { Origin: `${baseUrl}, https://evil.example` }],
  ['an empty origin', { Origin: '' }],
  ['a file', { Origin: 'file://' }],
  [
    'a forged host',
    { Origin: 'https://evil.example', Host: 'evil.example', 'X-Forwarded-Host': 'evil.example' },
  ],
  ['an identity provider (CSR-10)', { Origin: 'https://appleid.apple.com', 'Sec-Fetch-Site': 'cross-site' }],
  ['no origin, across sites', { 'Sec-Fetch-Site': 'cross-site' }],
  ['no origin, from a sub-domain (CSR-04)', { 'Sec-Fetch-Site': 'same-site' }],
  ['no origin, garbage', { 'Sec-Fetch-Site': 'same-origin, cross-site' }],
];

/** One of them for each way to see that they are foreign. */
export const oneOfEachForeignPage = [
  ...['another site', 'a hidden origin', 'a suffix', 'another scheme', 'two origins'],
  ...['an identity provider (CSR-10)', 'no origin, across sites', 'no origin, from a sub-domain (CSR-04)'],
];

export const trustedPages: [page: string, headers: PageHeaders][] = [
  ['the own origin', { Origin: baseUrl, 'Sec-Fetch-Site': 'same-origin' }],
  ['a listed origin', { Origin: 'https://app.test', 'Sec-Fetch-Site': 'cross-site' }],
  ['a hidden origin on the same origin', { Origin: 'null', 'Sec-Fetch-Site': 'same-origin' }],
  ['no origin, on the same origin', { 'Sec-Fetch-Site': 'same-origin' }],
];

/** Neither says anything: `none` is a typed address, and a client that is no browser sends nothing. */
export const silentPages: [page: string, headers: PageHeaders][] = [
  ['no header at all', {}],
  ['a typed address', { 'Sec-Fetch-Site': 'none' }],
];

const isListed = ([, { Origin }]: readonly [string, PageHeaders]) => Origin === 'https://app.test';

/** Those from which our own pages take their forms: our own origin alone. */
export const ownPages = trustedPages.filter((page) => !isListed(page));

/** Those from which they take none: a listed origin has the API, and who says nothing has shown nothing (CSR-06). */
export const otherPages = [...foreignPages, ...trustedPages.filter(isListed), ...silentPages];

/** One of them for each reason. */
export const oneOfEachOtherPage = ['another site', 'a hidden origin', 'a listed origin', 'no header at all'];
