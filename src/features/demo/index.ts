export { overlay } from './routes.ts';
