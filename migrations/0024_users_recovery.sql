-- Recovery: since when whoever is in the account passes no gate, and what began it. On the row of the user, which every
-- sign-in and every gate reads anyway.

ALTER TABLE users
  ADD COLUMN recovery_since timestamptz,
  ADD COLUMN recovery_cause text;

-- Not validated: no row has either column yet, and a scan would hold every sign-in up.
ALTER TABLE users ADD CONSTRAINT users_recovery_has_cause CHECK (
  (recovery_since IS NULL AND recovery_cause IS NULL)
  OR (recovery_since IS NOT NULL AND recovery_cause IN ('not_me', 'email_reverted', 'second_factor_guessed'))
) NOT VALID;
