-- One address, one account, whatever its spelling. PostgreSQL has no punycode, so the service writes both columns:
-- with every new address, and in the clean-up and at a sign-in for accounts that are older than this. Until then the
-- address as it is stored and the id of the user stand in. No default and no check: neither reads the table.

ALTER TABLE users
  -- Lower case, the domain in A-labels. Not unique: two accounts of the earlier system may have one canonical form.
  ADD COLUMN canonical_email text,
  -- A keyed hash of it, with the id of its key: the name under which attempts and mails are counted.
  ADD COLUMN address_key text;

ALTER TABLE one_time_tokens
  -- The address key of target_email, which the account will have with it.
  ADD COLUMN target_key text;
