-- What the second step of a sign-in has to know of the first one: how the user has shown who they are, and which tokens
-- were asked for. Null for every other kind of token.

ALTER TABLE one_time_tokens ADD COLUMN challenge jsonb;
