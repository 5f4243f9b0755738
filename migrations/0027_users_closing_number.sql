-- How often something was closed that ends sessions. What is half a sign-in or hangs on a session, and is kept outside of the
-- database, carries the number that it began under, and is refused under another: no two clocks are compared.

ALTER TABLE users ADD COLUMN closing_number integer NOT NULL DEFAULT 0;
