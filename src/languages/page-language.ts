import type { pageTexts } from './en/pages.ts';

/** What pages say in one language. English says which texts there are: another language has all of them, or does not compile. */
export type PageLanguage = typeof pageTexts;
