export { feature } from './feature.ts';
export * from './pending-registrations.sql.ts';
