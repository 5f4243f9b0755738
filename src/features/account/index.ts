export { feature } from './feature.ts';
export { hotRoutes } from './hot-routes.ts';
