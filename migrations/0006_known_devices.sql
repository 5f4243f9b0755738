-- Known devices: a device token names the generation it was issued in. Raising the user's makes all of theirs unknown
-- at once, without a clock. A session remembers the device that it was opened on.

ALTER TABLE users ADD COLUMN device_generation integer NOT NULL DEFAULT 0 CHECK (device_generation >= 0);
ALTER TABLE sessions ADD COLUMN device_id uuid;
