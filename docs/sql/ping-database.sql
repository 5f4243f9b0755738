-- Pings the database.
-- src/features/health/queries.ts

SELECT 1 AS alive;
