/** What a hosted page shows; it holds no words of its own. */
export interface PageView {
  /** BCP 47. */
  readonly lang: string;
  readonly title: string;
  readonly paragraphs: readonly string[];
  readonly form?: FormView;
  /** Text with line breaks of its own. */
  readonly preformatted?: string;
  readonly links?: readonly LinkView[];
}

export interface LinkView {
  readonly href: string;
  readonly text: string;
  /** What stands below it. */
  readonly note: string | null;
}

/** A form that posts to the page that it stands on, with or without JavaScript. */
export interface FormView {
  /** Path. */
  readonly action: string;
  /** Sent along unseen. */
  readonly hidden: Readonly<Record<string, string>>;
  readonly fields: readonly FieldView[];
  /** The button. */
  readonly submit: string;
  /** Why the last try was refused; null for the first one. */
  readonly problem: string | null;
}

export interface FieldView {
  readonly name: string;
  readonly label: string;
  readonly type: 'password' | 'email' | 'text';
  /** HTML autocomplete token, so that password managers know what to fill in. */
  readonly autocomplete: 'current-password' | 'new-password' | 'email';
  readonly hint?: string;
}
