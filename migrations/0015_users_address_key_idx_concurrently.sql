CREATE INDEX CONCURRENTLY users_address_key_idx ON users (address_key);
