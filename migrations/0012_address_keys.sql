-- One address, one account, whatever its spelling. PostgreSQL has no punycode, so the service makes a keyed hash of the
-- canonical form (lower case, the domain in A-labels), with the id of its key: accounts are found by it, and attempts and
-- mails counted under it. It is written with every new address, and for accounts that are older than this at a sign-in
-- and in the clean-up; until then the address as it is stored and the id of the user stand in. Not unique: two accounts
-- of the earlier system may have one canonical form.

ALTER TABLE users ADD COLUMN address_key text;

-- The address key of target_email, which the account will have with it.
ALTER TABLE one_time_tokens ADD COLUMN target_key text;
