import { deletesDue } from '../../db/delete-due.sql.ts';

/** Deletes expired tokens, consumed or not. */
export const cleanupExpiredTokens = deletesDue('clean-up-tokens', {
  ...{ table: 'one_time_tokens', key: 'token_hash', at: 'expires_at' },
});
