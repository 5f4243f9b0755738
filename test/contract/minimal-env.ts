import { ConfigError } from '../../src/config/variable-reader.ts';
import { type Config, type Env, parseConfig } from '../../src/config.ts';
import { randomSecret, testEnv } from '../support/test-env.ts';

/** The least that the service starts with, as an operator's production would be. */
export const minimalEnv: Env = {
  BASE_URL: 'https://auth.example.com',
  DATABASE_URL: 'postgresql://user:secret@ep-x.neon.tech/main',
  AUTH_SECRET: randomSecret(),
  SIGNING_KEYS: testEnv().SIGNING_KEYS,
};

/** The configuration that these variables make of it. */
export function parse(overrides: Readonly<Record<string, unknown>>): Config {
  return parseConfig({ ...minimalEnv, ...overrides });
}

/** Names of the variables that are refused; none when the configuration is accepted. */
export function refusedVariables(overrides: Readonly<Record<string, unknown>>): readonly string[] {
  try {
    parse(overrides);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.variables;
    throw error;
  }
}
