-- When somebody last entered a wrong code for the second factor in a session that has passed none since. A recovery that
-- wrong codes begin ends these sessions and no others.

ALTER TABLE sessions ADD COLUMN second_factor_missed_at timestamptz;
