import type { Child } from 'hono/jsx';

/** What a page shows inside the frame, in the words of its feature. */
export interface PageView {
  readonly title: string;
  readonly body: Child;
  /** `narrow` for one form, as at a sign-in; `wide` for the pages of the account. `narrow` by default. */
  readonly width?: 'narrow' | 'wide';
  /** The pages beside it, where somebody is signed in. */
  readonly navigation?: readonly NavigationLink[];
  /** The origin, besides our own, to which the answer to a form may lead: that of a checked `redirectTo` (HDR-03). */
  readonly formTarget?: string | undefined;
  /** Where it is shown by GET, with what it needs of its query: for a page that answers a form. Its own address by default. */
  readonly shownAt?: string;
  /** Whether the query is removed from the address as soon as the page is shown, for it has a token. */
  readonly hasSecretQuery?: true;
  /** Where the browser goes by itself: a checked address. The body has a link for whoever stays. */
  readonly forward?: string;
}

export interface NavigationLink {
  readonly href: string;
  readonly text: string;
  readonly isCurrent: boolean;
}

export interface FieldView {
  readonly name: string;
  readonly label: string;
  readonly type: 'password' | 'email' | 'text' | 'code';
  /** HTML autocomplete token, for password managers. */
  readonly autocomplete:
    | 'current-password'
    | 'new-password'
    | 'email'
    | 'username'
    | 'name'
    | 'one-time-code'
    | 'off';
  readonly hint?: string;
  /** What was typed before; never a password. */
  readonly value?: string | undefined;
  /** Whether it may stay empty. */
  readonly isOptional?: true;
}

/** Why a form was refused. */
export interface FormRefusal {
  /** For all of it. */
  readonly sentence: string;
  /** For single fields, by name. The first of them is focused. */
  readonly fields: Readonly<Record<string, string>>;
}
