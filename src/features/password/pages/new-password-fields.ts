import type { PageRequest } from '../../../http/page-request.ts';
import type { FieldView } from '../../../ui/page-view.ts';

/** The two fields for a new password: what managers fill in, and what people may paste (PWD-08). */
export function newPasswordFields(
  { deps, language: { fields } }: Pick<PageRequest, 'deps' | 'language'>,
  { names: [name, repeated], labels = [fields.newPassword, fields.confirmPassword] }: NewPasswordNames,
): readonly FieldView[] {
  const field = { type: 'password', autocomplete: 'new-password' } as const;
  return [
    { ...field, name, label: labels[0], hint: fields.passwordHint(deps.config.password.minLength) },
    { ...field, name: repeated, label: labels[1] },
  ];
}

interface NewPasswordNames {
  readonly names: readonly [string, string];
  readonly labels?: readonly [string, string];
}
