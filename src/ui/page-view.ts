/** The contents of a hosted page, which has no text of its own. */
export interface PageView {
  /** BCP 47. */
  readonly lang: string;
  readonly title: string;
  /** What went wrong, before everything else. */
  readonly alert?: string;
  readonly paragraphs: readonly string[];
  readonly form?: FormView;
  readonly buttons?: readonly ButtonView[];
  /** Text with line breaks. */
  readonly preformatted?: string;
  readonly links?: readonly LinkView[];
}

export interface LinkView {
  readonly href: string;
  readonly text: string;
  /** The text below it. */
  readonly note: string | null;
}

/** A form that posts to its own page, with or without JavaScript. */
export interface FormView {
  readonly action: string;
  /** Hidden fields. */
  readonly hidden: Readonly<Record<string, string>>;
  readonly fields: readonly FieldView[];
  /** The button. */
  readonly submit: string;
  /** Why the last submission was refused; null for the first one. */
  readonly problem: string | null;
}

/** A form of one button, beside others: what it posts is decided by the page. */
export interface ButtonView {
  readonly action: string;
  /** Hidden fields. */
  readonly hidden: Readonly<Record<string, string>>;
  readonly text: string;
  /** The text below it. */
  readonly note: string | null;
}

export interface FieldView {
  readonly name: string;
  readonly label: string;
  readonly type: 'password' | 'email' | 'text';
  /** HTML autocomplete token, for password managers. */
  readonly autocomplete: 'current-password' | 'new-password' | 'email';
  readonly hint?: string;
}
