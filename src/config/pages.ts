import { boolean, brandColor, endOfSignIn, logoUrl, pathOrUrl, visibleName } from './parsers.ts';
import type { Variables } from './variable.ts';

/** The pages for people, and where they lead. */
export const pageVariables = {
  areHosted: {
    name: 'HOSTED_PAGES',
    parse: boolean,
    default: 'true',
    meaning:
      'false: of the pages only those that links in mails lead to; sign-in, registration and account belong to the application',
  },
  defaultRedirect: {
    name: 'DEFAULT_REDIRECT_URL',
    parse: endOfSignIn,
    default: '/account',
    meaning:
      'where a sign-in leads without `redirectTo`, and a link page leads back to: a path of BASE_URL, or a URL; no page on the way to a sign-in',
  },
} as const satisfies Variables;

const link = { parse: pathOrUrl, default: null } as const;

/** How pages and mails look. */
export const brandVariables = {
  name: {
    name: 'BRAND_NAME',
    parse: visibleName,
    default: null,
    defaultInWords: 'host of BASE_URL',
    meaning: 'the name of the service on its pages and in its mails, at most 60 characters',
  },
  color: {
    name: 'BRAND_COLOR',
    parse: brandColor,
    default: '#2b54c9',
    meaning: 'of buttons and of the mark, as six hexadecimal digits; text on it is white or black by itself',
  },
  logoUrl: {
    name: 'BRAND_LOGO_URL',
    parse: logoUrl,
    default: null,
    meaning:
      'an image beside the name: a path of BASE_URL or a `data:` image, which costs no request; mails show the first alone. A mark without one',
  },
  termsUrl: {
    name: 'BRAND_TERMS_URL',
    ...link,
    meaning: 'the terms of use, which every page then leads to',
  },
  privacyUrl: {
    name: 'BRAND_PRIVACY_URL',
    ...link,
    meaning: 'the privacy policy, which every page then leads to',
  },
  supportUrl: {
    name: 'BRAND_SUPPORT_URL',
    ...link,
    meaning: 'where people find help, which every page then leads to',
  },
} as const satisfies Variables;
