export { answerDemo } from './routes.ts';
