-- Two-factor: since when an account asks for a second factor, and when an operator's reset of it becomes effective. On
-- the row of the user, which every sign-in and every authenticated request reads anyway.

ALTER TABLE users
  ADD COLUMN two_factor_since timestamptz,
  ADD COLUMN two_factor_reset_at timestamptz;
