-- Addresses of old events are shortened to a network. This index holds the rows that still have a whole one, which is
-- all that the nightly clean-up has to look at; a shortened row leaves it.

CREATE INDEX security_events_whole_address_idx ON security_events (at) WHERE masklen(ip_address) IN (32, 128);
