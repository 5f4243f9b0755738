-- The few accounts of which an operator's reset of two-factor is pending.

CREATE INDEX CONCURRENTLY users_two_factor_reset_at_idx ON users (two_factor_reset_at)
  WHERE two_factor_reset_at IS NOT NULL;
