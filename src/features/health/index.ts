export { feature } from './feature.ts';
export { routes as hotRoutes } from './routes.ts';
