-- Of an event about something that was ended: what it was, as its owner knows it, for the mail that tells it.

ALTER TABLE security_events ADD COLUMN about jsonb;
