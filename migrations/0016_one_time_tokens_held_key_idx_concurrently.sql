-- An address that its former owner can still have back is not free to others, in whatever spelling.
CREATE INDEX CONCURRENTLY one_time_tokens_held_key_idx ON one_time_tokens (target_key) WHERE kind = 'revert_email';
