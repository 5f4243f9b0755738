-- Since when a device is one on which the user completed a second step. Null for those from before: then it is the last time.

ALTER TABLE second_factor_devices ADD COLUMN added_at timestamptz;
