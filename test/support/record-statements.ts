import { recordStatements } from './statement-recorder.ts';

recordStatements();
