import { renewAuthSecret } from './test-env.ts';

renewAuthSecret();
