-- When a session last passed a second factor; null where it never did, also for one by a trusted device.

ALTER TABLE sessions ADD COLUMN second_factor_at timestamptz;
