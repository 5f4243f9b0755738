import { databaseVariables } from '../../src/config/database.ts';
import { providerVariables, redirectVariables } from '../../src/config/identity-providers.ts';
import { mailVariables } from '../../src/config/mail.ts';
import { brandVariables, pageVariables } from '../../src/config/pages.ts';
import { loginAttemptVariables, passwordVariables } from '../../src/config/passwords.ts';
import { serviceVariables } from '../../src/config/service.ts';
import { accessTokenVariables, sessionVariables } from '../../src/config/sessions.ts';
import { twoFactorVariables } from '../../src/config/two-factor.ts';
import type { Variable } from '../../src/config/variable.ts';

const groups = [
  serviceVariables,
  databaseVariables,
  accessTokenVariables,
  sessionVariables,
  passwordVariables,
  loginAttemptVariables,
  twoFactorVariables,
  mailVariables,
  providerVariables,
  redirectVariables,
  pageVariables,
  brandVariables,
] as const;

/** Every variable that is declared. documented-configuration.test.ts sees a group that is missing here. */
export const variableList: readonly Variable[] = groups.flatMap((group) => Object.values<Variable>(group));

/** The names of all of them. */
export type VariableName = NameIn<(typeof groups)[number]>;

type NameIn<Group> = Group extends unknown ? NameOf<Group[keyof Group]> : never;
type NameOf<V> = V extends { readonly name: infer Name extends string } ? Name : never;
