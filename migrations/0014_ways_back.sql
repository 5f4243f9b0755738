-- Which way back a revert link is: decided when the address is left, and stored, so that no later proof changes it.
-- 'corrected': the address was never verified and the account younger than a day, as after a typing error.
-- 'unverified': never verified, in an older account. 'final': of the address that had replaced a corrected one, which has
-- the last word. Null: any other, and links from before.

ALTER TABLE one_time_tokens ADD COLUMN way_back text CHECK (way_back IN ('corrected', 'unverified', 'final'));
