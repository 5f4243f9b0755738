-- Since when what was added to an account goes by a not-me link. Null where that is since the link was made.

ALTER TABLE one_time_tokens ADD COLUMN disowned_since timestamptz;
