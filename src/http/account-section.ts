import type { Child } from 'hono/jsx';
import { commonErrors } from '../errors.ts';
import type { FormProblem, ToldAt } from './form-problem.ts';
import type { Fields, SignedInRequest } from './page-request.ts';

/** The pages of the account, which are made of the sections that features bring. */
export type AccountPath = '/account' | '/account/sessions' | '/account/security';

/** A part of a page of the account. A feature brings it in its manifest. */
export interface AccountSection {
  readonly page: AccountPath;
  /** The id of the section on its page; its forms post it as `section`. */
  readonly name: string;
  /** Where it stands on its page: by ascending numbers. */
  readonly order: number;
  /** Loads it when the page is first asked for. */
  readonly load: () => Promise<{ readonly section: AccountSectionModule }>;
}

export interface AccountSectionModule {
  /**
   * What it shows; null for nothing. Changes nothing.
   * @param refused the form of this section that was refused just now
   */
  show(
    request: SignedInRequest,
    holder: AccountHolder,
    refused: RefusedForm | null,
  ): Promise<SectionView | null>;
  /** Does what a form of it asks for, by its `action`. */
  receive(request: SignedInRequest, fields: Fields): Promise<Response>;
  readonly toldAt?: ToldAt;
}

export interface SectionView {
  readonly title: string;
  readonly body: Child;
}

/** A form that was refused, with what was typed. */
export interface RefusedForm {
  readonly fields: Fields;
  readonly problem: FormProblem;
}

/** Whose account it is. */
export interface AccountHolder {
  readonly email: string;
  readonly name: string;
  readonly emailVerified: boolean;
  readonly hasPassword: boolean;
  readonly recoveryRequired: boolean;
}

/**
 * The fields of the section's form of this action, without that.
 * @throws AuthError malformed_form where another was posted
 */
export function fieldsOfForm({ action, ...fields }: Fields, expected: string): Fields {
  if (action !== expected) throw commonErrors.malformed_form();
  return fields;
}

/** The problem of the form with this action, for the form to show. */
export function problemOfForm(refused: RefusedForm | null, action: string): FormProblem | null {
  return refused?.fields.action === action ? refused.problem : null;
}

/** What was typed into the field of the form with this action, before it was refused. */
export function typedInto(refused: RefusedForm | null, action: string, name: string): string | undefined {
  return refused?.fields.action === action ? refused.fields[name] : undefined;
}
